"""The people of the company: roles, profiles, managers, queues."""

from dataclasses import dataclass

import numpy as np

from sandbox.company import ids
from sandbox.company.clock import DAY, REGIONS, ZONES, Floats
from sandbox.company.ids import NONE, Ints
from sandbox.company.ledger import Column, Ledger
from sandbox.company.write import Coded, Out, Own, Values, system

PROFILES = ("Standard User", "Marketing User", "System Administrator", "Integration User")
QUEUES = (
    *(f"Sales Queue {region}" for region in REGIONS),
    "SDR Queue",
    "Marketing Nurture Queue",
)
SDR_QUEUE, NURTURE_QUEUE = 3, 4
_FIRST = (
    "Alex",
    "Bruno",
    "Carla",
    "Dana",
    "Émile",
    "Fiona",
    "Gustav",
    "Hana",
    "Igor",
    "Julia",
    "Karim",
    "Lena",
    "Marco",
    "Nadia",
    "Olaf",
    "Paula",
    "Ravi",
    "Sofia",
    "Tom",
    "Zoë",
)
_LAST = (
    "Arndt",
    "Becker",
    "Chen",
    "Dubois",
    "Evans",
    "Fischer",
    "Gomez",
    "Hansen",
    "Ito",
    "Jørgensen",
    "Kumar",
    "Lopez",
    "Meyer",
    "Nguyen",
    "O'Hara",
    "Park",
    "Łukasik",
)
_FOUNDED_BEFORE = 2000 * DAY
_LEFT_AFTER = 20 * DAY
_AWAY_FROM, _AWAY_UNTIL = 40 * DAY, 33 * DAY  # before the present
_BASE_LEADS = 4000


@dataclass(frozen=True)
class Person:
    """One user; `manager` and `region` are numbers, NONE where there is none."""

    role: str
    profile: str
    manager: int
    region: int
    unit: int
    team: str
    is_active: bool = True


@dataclass(frozen=True)
class People:
    """Users by number, and who plays which part. Lists by region are parallel to REGIONS."""

    users: tuple[Person, ...]
    region: Ints  # of each user, NONE for the company's head and the integration
    top: int
    integration: int
    head_of_sales: int
    head_of_marketing: int
    sales_managers: Ints
    executives: tuple[Ints, ...]  # account executives
    developers: tuple[Ints, ...]  # SDRs
    marketers: tuple[Ints, ...]

    def sellers(self, region: int) -> Ints:
        """Who may own a lead in a region: SDRs and account executives."""
        return np.concatenate([self.developers[region], self.executives[region]])

    @property
    def sales_staff(self) -> Ints:
        """Everybody in Sales who is neither head nor manager."""
        return np.concatenate([self.sellers(r) for r in range(len(REGIONS))])

    @property
    def marketing_staff(self) -> Ints:
        """Everybody in Marketing but the head."""
        return np.concatenate(self.marketers)


def hire(leads: int, common_head: str) -> People:
    """The people of a company with so many leads in two years."""
    users: list[Person] = [Person("CEO", PROFILES[0], NONE, NONE, NONE, "Executive")]
    shared = 0
    if common_head != "ceo":
        role = {"executive": "Chief Operating Officer", "revenue": "Chief Revenue Officer"}
        users.append(Person(role[common_head], PROFILES[0], 0, NONE, NONE, "Executive"))
        shared = 1
    sales = _add(users, [Person("VP Sales", PROFILES[0], shared, 0, NONE, "Sales")])[0]
    marketing = _add(users, [Person("VP Marketing", PROFILES[1], shared, 0, NONE, "Marketing")])[0]
    integration = _add(users, [Person("Integration", PROFILES[3], 0, NONE, NONE, "Operations")])[0]
    _add(users, [Person("Finance Analyst", PROFILES[0], 0, 0, NONE, "Finance")])
    scale = max(1.0, (leads / _BASE_LEADS) ** 0.7)
    managers, executives, developers, marketers = [], [], [], []
    for region, (sellers, sdrs, specialists) in enumerate(((6, 2, 4), (5, 2, 2), (3, 1, 2))):
        manager = _add(
            users, [Person("Sales Manager", PROFILES[0], sales, region, NONE, REGIONS[region])]
        )[0]
        lead = _add(
            users,
            [Person("Marketing Manager", PROFILES[1], marketing, region, NONE, REGIONS[region])],
        )[0]
        count = round(sellers * scale)
        second = round(sdrs * scale)
        managers.append(manager)
        developers.append(_staff(users, "SDR", second, manager, region))
        executives.append(_staff(users, "Account Executive", count - second, manager, region))
        helpers = _staff(users, "Marketing Specialist", round(specialists * scale), lead, region)
        marketers.append(np.concatenate([[lead], helpers]).astype(np.int64))
    _add(users, [Person("Account Executive", PROFILES[0], managers[0], 0, 0, "EMEA", False)])
    return People(
        tuple(users),
        np.array([user.region for user in users], np.int64),
        0,
        integration,
        sales,
        marketing,
        np.array(managers, np.int64),
        tuple(executives),
        tuple(developers),
        tuple(marketers),
    )


def _add(users: list[Person], more: list[Person]) -> list[int]:
    users.extend(more)
    return list(range(len(users) - len(more), len(users)))


def _staff(users: list[Person], role: str, count: int, manager: int, region: int) -> Ints:
    profile = PROFILES[1] if role.startswith("Marketing") else PROFILES[0]
    more = [
        Person(role, profile, manager, region, number % 2, REGIONS[region])
        for number in range(count)
    ]
    return np.array(_add(users, more), np.int64)


def pick(chance: np.random.Generator, groups: tuple[Ints, ...], region: Ints) -> Ints:
    """Somebody of each record's region, all equally likely."""
    sizes = np.array([len(group) for group in groups])
    flat = np.concatenate(groups)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.floor(chance.random(len(region)) * sizes[region]).astype(np.int64)
    chosen: Ints = flat[starts[region] + place]
    return chosen


def pick_weighted(
    chance: np.random.Generator, groups: tuple[Ints, ...], weights: tuple[Floats, ...], region: Ints
) -> Ints:
    """Somebody of each record's region, by weight."""
    chosen = np.zeros(len(region), np.int64)
    for number, (group, weight) in enumerate(zip(groups, weights, strict=True)):
        own = region == number
        chosen[own] = chance.choice(group, own.sum(), p=weight / weight.sum())
    return chosen


def write_people(out: Out, people: People, start: int, now: int) -> None:
    """Organization, UserRole, Profile, Group and User."""
    roles = list(dict.fromkeys(user.role for user in people.users))
    top = int(user_key(np.array([people.top]))[0])
    founded = start - _FOUNDED_BEFORE

    def at_founding(count: int) -> Ints:
        return np.full(count, founded, np.int64)

    def texts(words: list[str]) -> Coded:
        return Coded(np.arange(len(words)), words)

    out.write(
        "Organization",
        1,
        {
            **system("Organization", at_founding(1), top),
            "Name": texts(["Sandbox Company"]),
            "InstanceName": texts(["SBX1"]),
            "Country": texts(["DE"]),
            "OrganizationType": texts(["Enterprise Edition"]),
            "TimeZoneSidKey": texts(["Europe/Berlin"]),
            "LanguageLocaleKey": texts(["en_US"]),
            "FiscalYearStartMonth": np.array([1]),
            "IsSandbox": np.array([True]),
        },
    )
    parents = [NONE if role == "CEO" else 0 for role in roles]
    out.write(
        "UserRole",
        len(roles),
        {
            **system("UserRole", at_founding(len(roles)), top),
            "Name": texts(roles),
            "DeveloperName": texts([role.replace(" ", "_") for role in roles]),
            "ParentRoleId": ids.key("UserRole", np.array(parents)),
        },
    )
    out.write(
        "Profile",
        len(PROFILES),
        {
            **system("Profile", at_founding(len(PROFILES)), top),
            "Name": texts(list(PROFILES)),
            "UserType": texts(["Standard"] * len(PROFILES)),
        },
    )
    groups = [*QUEUES, "All Internal Users"]
    out.write(
        "Group",
        len(groups),
        {
            **system("Group", at_founding(len(groups)), top),
            "Name": texts(groups),
            "DeveloperName": texts([group.replace(" ", "_") for group in groups]),
            "Type": texts(["Queue"] * len(QUEUES) + ["Organization"]),
        },
    )
    _write_users(out, people, roles, (start, now))


def user_names(people: People) -> list[str]:
    """The display names of all users."""
    count = len(people.users)
    names = [f"{_FIRST[n % len(_FIRST)]} {_LAST[n % len(_LAST)]}" for n in range(count)]
    names[people.integration] = "Integration User"
    return names


def _joined(people: People, start: int) -> Ints:
    """The head founds the company; managers come before their staff, all before the first lead."""
    count = len(people.users)
    return start - _FOUNDED_BEFORE + np.arange(count) * (1600 * DAY // count)


def _write_users(out: Out, people: People, roles: list[str], period: tuple[int, int]) -> None:
    """One user leaves for good; another one is deactivated by mistake and comes back."""
    start, now = period
    users = people.users
    everyone = np.arange(len(users))
    top = user_key(np.full(len(users), people.top))
    ledger = Ledger(len(users))
    ledger.change(everyone, _joined(people, start), top, {"IsActive": np.ones(len(users), bool)})
    left = everyone[[not user.is_active for user in users]]
    at = np.full(len(left), start + _LEFT_AFTER)
    ledger.change(left, at, top[left], {"IsActive": np.zeros(len(left), bool)})
    away = people.developers[-1][:1]
    for before, is_active in ((_AWAY_FROM, False), (_AWAY_UNTIL, True)):
        state: dict[str, Column] = {"IsActive": np.array([is_active])}
        ledger.change(away, np.array([now - before]), top[away], state)
    versions = ledger.versions(max(start + _LEFT_AFTER, now))
    user = versions.record
    names = user_names(people)

    def codes(values: list[int]) -> Ints:
        return np.array(values, np.int64)[user]

    role = codes([roles.index(person.role) for person in users])
    profile = codes([PROFILES.index(person.profile) for person in users])
    team = Coded(user, [person.team for person in users])
    zone = [ZONES[REGIONS[max(person.region, 0)]][0] for person in users]
    columns: dict[str, Values] = {
        "Username": Own(user, "user{}@sandbox.example"),
        "Email": Own(user, "user{}@sandbox.example"),
        "FirstName": Coded(user, [name.split(" ")[0] for name in names]),
        "LastName": Coded(user, [name.split(" ")[1] for name in names]),
        "Name": Coded(user, names),
        "Title": Coded(role, roles),
        "Department": team,
        "UserRoleId": ids.key("UserRole", role),
        "ProfileId": ids.key("Profile", profile),
        "UserType": Coded(np.zeros(len(user), np.int64), ["Standard"]),
        "TimeZoneSidKey": Coded(user, zone),
        "ManagerId": user_key(codes([person.manager for person in users])),
        "Region__c": Coded(people.region[user], REGIONS),
        "Business_Unit__c": Coded(codes([p.unit for p in users]), ("Software", "Services")),
        "Team__c": team,
    }
    out.write_versions("User", versions, columns)


def user_key(number: Ints) -> Ints:
    """Users' record keys by their numbers."""
    return ids.key("User", number)
