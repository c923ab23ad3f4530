"""What the organisation says about its objects and their fields."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.schema import Field, Object
from sandbox.server.organisation import Organisation
from sandbox.server.rest import object_of, root_of
from sandbox.soql.compiler import is_groupable, is_sortable
from sandbox.soql.conditions import NUMBERS

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
_LENGTHS = {"id": 18, "reference": 18, "textarea": 32_000, "email": 80, "phone": 40}


class Describe:
    """The endpoints below `/sobjects` that speak of objects, not of records."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation

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
        objects = self.organisation.objects.values()
        listed = [_about(item, root_of(request)) for item in objects]
        return JSONResponse({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})

    def basics(self, request: Request) -> Response:
        """One object, without its fields."""
        item = object_of(self.organisation, request)
        return JSONResponse({"objectDescribe": _about(item, root_of(request)), "recentItems": []})

    def one(self, request: Request) -> Response:
        """One object with its fields, the values of its picklists and what refers to it."""
        item = object_of(self.organisation, request)
        children = [
            {"childSObject": child.name, "field": field.name, "relationshipName": None}
            for child in self.organisation.objects.values()
            for field in child.fields
            if item.name in field.targets
        ]
        fields = [self._field(item, field) for field in item.fields]
        about = _about(item, root_of(request))
        return JSONResponse({**about, "fields": fields, "childRelationships": children})

    def _field(self, item: Object, field: Field) -> dict[str, object]:
        text = _SOAP.get(field.kind) is None
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
            "createable": False,
            "updateable": False,
            "calculated": False,
            "deprecatedAndHidden": False,
            "nameField": field.name == "Name",
            "idLookup": field.name == "Id",
            "unique": False,
            "compoundFieldName": None,
            "referenceTo": list(field.targets),
            "relationshipName": field.relationship,
            "polymorphicForeignKey": len(field.targets) > 1,
            "picklistValues": self._choices(item, field),
        }

    def _choices(self, item: Object, field: Field) -> list[dict[str, object]]:
        if field.kind != "picklist":
            return []
        values = self.organisation.distinct(item, field.name, MOST_VALUES)
        return [
            {"active": True, "defaultValue": False, "label": value, "value": value}
            for value in values
        ]


def _about(item: Object, root: str) -> dict[str, object]:
    address = f"{root}/sobjects/{item.name}"
    custom = item.name.endswith("__c")
    return {
        "name": item.name,
        "label": _label(item.name),
        "labelPlural": f"{_label(item.name)}s",
        "keyPrefix": item.prefix,
        "custom": custom,
        "queryable": True,
        "retrieveable": True,
        "createable": False,
        "updateable": False,
        "deletable": False,
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
