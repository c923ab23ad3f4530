"""What the organisation says about its objects and their fields."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.schema import Field, Object
from sandbox.server.gate import user_of
from sandbox.server.organisation import View
from sandbox.server.rest import object_of, root_of
from sandbox.soql.children import children
from sandbox.soql.compiler import is_groupable, is_sortable
from sandbox.soql.functions import NUMBERS

MOST_VALUES = 1_000
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "double": "xsd:double",
    "percent": "xsd:double",
    "currency": "xsd:double",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "anyType": "xsd:anyType",
}
_KEPT_BY_SERVICE = frozenset(
    {
        "Id",
        "IsDeleted",
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
        "SystemModstamp",
        "MasterRecordId",
        "IsConverted",
        "ConvertedDate",
        "ConvertedAccountId",
        "ConvertedContactId",
        "ConvertedOpportunityId",
        "IsArchived",
        "IsClosed",
        "IsWon",
        "CompletedDateTime",
    }
)
_LENGTHS = {"id": 18, "reference": 18, "textarea": 32_000, "email": 80, "phone": 40}


class Describe:
    """The endpoints below `/sobjects` that speak of objects, not of records: to each user, of
    what the user may read.
    """

    def routes(self) -> list[Route]:
        """The addresses served here."""
        root = "/services/data/v{version}/sobjects"
        return [
            Route(root, self.everything),
            Route(f"{root}/{{name}}", self.basics),
            Route(f"{root}/{{name}}/describe", self.one),
        ]

    def everything(self, request: Request) -> Response:
        """Every object, without its fields."""
        user = user_of(request)
        objects = user.view.objects.values()
        listed = [_about(item, root_of(request), user.profile.may_write) for item in objects]
        return JSONResponse({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})

    def basics(self, request: Request) -> Response:
        """One object, without its fields."""
        about = _about(object_of(request), root_of(request), user_of(request).profile.may_write)
        return JSONResponse({"objectDescribe": about, "recentItems": []})

    def one(self, request: Request) -> Response:
        """One object with its fields, the values of its picklists and what refers to it."""
        item, user = object_of(request), user_of(request)
        below = [
            {"childSObject": child.name, "field": field.name, "relationshipName": name}
            for child, field, name in children(item, user.view.objects)
        ]
        writable = is_writable(item) and user.profile.may_write
        fields = [_field(user.view, item, field, writable) for field in item.fields]
        about = _about(item, root_of(request), user.profile.may_write)
        return JSONResponse({**about, "fields": fields, "childRelationships": below})


def _field(view: View, item: Object, field: Field, writable: bool) -> dict[str, object]:
    text = _SOAP.get(field.kind) is None
    editable = writable and not field.calculated and field.name not in _KEPT_BY_SERVICE
    return {
        "name": field.name,
        "label": _label(field.name),
        "type": field.kind,
        "soapType": _SOAP.get(field.kind, "xsd:string"),
        "length": _LENGTHS.get(field.kind, 255 if text else 0),
        "precision": 18 if field.kind in NUMBERS - {"int"} else 0,
        "scale": 2 if field.kind in NUMBERS - {"int"} else 0,
        "digits": 9 if field.kind == "int" else 0,
        "nillable": field.nillable,
        "custom": field.custom,
        "filterable": field.filterable,
        "sortable": is_sortable(field),
        "groupable": is_groupable(field),
        "aggregatable": is_sortable(field) and field.kind != "boolean",
        "createable": editable,
        "updateable": editable,
        "calculated": field.calculated,
        "deprecatedAndHidden": False,
        "nameField": field.name == "Name",
        "idLookup": field.name == "Id",
        "unique": False,
        "compoundFieldName": None,
        "referenceTo": list(field.targets),
        "relationshipName": field.relationship,
        "polymorphicForeignKey": len(field.targets) > 1,
        "picklistValues": _choices(view, item, field),
    }


def _choices(view: View, item: Object, field: Field) -> list[dict[str, object]]:
    if field.kind != "picklist":
        return []
    values = view.organisation.choices(item.name)[field.name]
    return [
        {"active": True, "defaultValue": False, "label": value, "value": value}
        for value in values[:MOST_VALUES]
    ]


def is_writable(item: Object) -> bool:
    """Whether anybody may create and change records of the object: not of histories and set-up."""
    return bool(item.field("IsDeleted") and item.field("LastModifiedById"))


def _about(item: Object, root: str, may_write: bool) -> dict[str, object]:
    address = f"{root}/sobjects/{item.name}"
    writable = may_write and is_writable(item)
    custom = item.name.endswith("__c")
    return {
        "name": item.name,
        "label": _label(item.name),
        "labelPlural": f"{_label(item.name)}s",
        "keyPrefix": item.prefix,
        "custom": custom,
        "queryable": True,
        "retrieveable": True,
        "createable": writable,
        "updateable": writable,
        "deletable": writable,
        "searchable": False,
        "deprecatedAndHidden": False,
        "urls": {
            "sobject": address,
            "describe": f"{address}/describe",
            "rowTemplate": f"{address}/{{ID}}",
        },
    }


def _label(name: str) -> str:
    words = name.removesuffix("__c").replace("_", " ")
    spaced = "".join(
        f" {c}" if c.isupper() and i and words[i - 1].islower() else c for i, c in enumerate(words)
    )
    return spaced.strip()
