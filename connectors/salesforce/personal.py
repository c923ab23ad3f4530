"""What is never pulled: names, addresses, phones and texts; and which field names may be mapped."""

from typing import Annotated

from pydantic import AfterValidator

TYPES = frozenset({"email", "phone", "address", "textarea", "encryptedstring", "url", "location"})
"""The types of fields that may hold personal data, as describe names them."""

NAMES = frozenset(
    name.casefold()
    for name in (
        *("Name", "FirstName", "MiddleName", "LastName", "Salutation", "Suffix", "Company"),
        *("Email", "Phone", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone", "Fax"),
        *("AssistantName", "Birthdate", "Street", "PostalCode", "Address", "MailingAddress"),
        *("OtherAddress", "Description", "Subject", "Website", "PhotoUrl", "TextBody", "HtmlBody"),
        *("FromName", "FromAddress", "ToAddress", "CcAddress", "BccAddress", "Headers", "Location"),
        *("RelationAddress", "Username", "Alias"),
    )
)
RECORD_TYPE_NAMES = ("RecordType.DeveloperName", "RecordType.Name")


def is_personal(name: str) -> bool:
    """Whether a field is called like personal data, a custom one (`Mobile_Phone__c`) included."""
    return name.removesuffix("__c").replace("_", "").casefold() in NAMES


def _api_name(name: str) -> str:
    if name in RECORD_TYPE_NAMES:
        return name
    if not name.isidentifier() or not name.isascii():
        raise ValueError(
            f"{name!r} is not the API name of a field, such as Region__c, or {RECORD_TYPE_NAMES[0]}"
        )
    if is_personal(name):
        raise ValueError(f"{name} is personal data, which is never pulled; map another field")
    return name


ApiName = Annotated[str, AfterValidator(_api_name)]
"""A field that may be mapped to a canonical column."""
