"""Dimension 5: one process, shared systems."""

from metrics.declaration import convention, indicator
from metrics.statistics import Proportion, RatioOfSums, Statistic
from model.definitions import Definitions
from model.stages import Dimension


@indicator(
    title="Revenue traceable from campaign to close",
    dimension=Dimension.PROCESS,
    unit="share",
    better="higher",
    fact="opportunities",
    placed_by="closed_at",
    needs=(
        "opportunities.created_at",
        "opportunities.is_won",
        "opportunities.amount",
        "leads.opportunity_id",
        "leads.converted_at",
        "campaign_members.added_at",
    ),
    anchors=convention(0.25, 0.55, 0.85),
    statements={14: "measured"},
    minimum_n=5,
)
def funnel_continuity(_: Definitions) -> Statistic:
    """The share of the amount won in the period that can be traced from a campaign to a lead, to
    the opportunity it became, to the close, with every step dated and in order.

    The lead (or the contact it became) must have been in a campaign before it was converted, and
    its conversion must have made the opportunity. An opportunity counts once, however many leads
    and campaigns lead to it.
    """
    return RatioOfSums("traceable_amount", "won_amount")


@indicator(
    title="Opportunities with a contact role",
    dimension=Dimension.PROCESS,
    unit="share",
    better="higher",
    fact="opportunities",
    placed_by="qualified_at",
    needs=(
        "opportunities.created_at",
        "opportunities.sales_stage",
        "sales_stages.is_qualified",
        "contact_roles.opportunity_id",
    ),
    anchors=convention(0.40, 0.70, 0.90),
    minimum_n=5,
)
def contact_role_coverage(_: Definitions) -> Statistic:
    """Of the opportunities that passed qualification in the period, the share on which at least
    one contact carries a role, so that both functions know who is being sold to.

    Where the CRM keeps no history of sales stages, an opportunity whose present stage is past
    qualification counts from its creation.
    """
    return Proportion("has_contact_role")
