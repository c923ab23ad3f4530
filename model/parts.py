"""What every piece of the definitions is made of."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A piece of the definitions: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Names = tuple[str, ...]
