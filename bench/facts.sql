-- The facts that grow with the company, written by hand for DuckDB: what bench.indicators holds
-- `detente refresh` against. Each step is read by every fact that needs it, leads and handoffs are
-- joined by number, and keys are taken to be unique. It knows the words of bench.lake's company and
-- nothing of a past day: no value is rolled back.
-- Given: the canonical tables, owners, calendar (working_days), quarters, and the macros as_of, since, today.

CREATE TEMP TABLE people AS
SELECT owner_id AS user_id, side FROM owners
WHERE owner_kind = 'user' AND side IS NOT NULL AND NOT is_automation;

CREATE TEMP TABLE l AS
WITH turned AS (
    SELECT lead_id, min(changed_at) AS turned_at FROM lead_changes
    WHERE field = 'converted' AND deleted_at IS NULL AND changed_at <= as_of() GROUP BY lead_id)
SELECT row_number() OVER () AS n, lead_id, created_at, source, region, business_unit, industry,
    segment, rejection_reason, score, owner_id, owner_kind, mql_at, coalesce(turned_at, converted_at)
    AS converted_at, opportunity_id, account_id, contact_id, merged_into, deleted_at AS ends_at
FROM leads LEFT JOIN turned USING (lead_id)
WHERE recorded_at <= as_of() AND created_at <= as_of();

CREATE TEMP TABLE steps AS
SELECT n, field, moment, CASE WHEN field = 'status' THEN lower(trim(old)) ELSE old END AS old,
    CASE WHEN field = 'status' THEN lower(trim(new)) ELSE new END AS new, old_kind, new_kind, born,
    row_number() OVER (PARTITION BY n, field ORDER BY moment, change_id) AS nth
FROM (
    SELECT n, field, changed_at AS moment, old, new, old_kind, new_kind, change_id,
        l.created_at AS born
    FROM lead_changes c JOIN l USING (lead_id)
    WHERE field IN ('owner', 'status', 'score') AND c.deleted_at IS NULL AND changed_at <= as_of()
        AND (field <> 'owner' OR new_kind IN ('user', 'queue')));

CREATE TEMP TABLE path AS
WITH changed AS (FROM steps WHERE field = 'owner'),
every AS (
    SELECT l.n, 0 AS position, created_at AS moment,
        CASE WHEN f.n IS NULL THEN owner_id ELSE old END AS owner_id,
        CASE WHEN f.n IS NULL THEN owner_kind ELSE old_kind END AS owner_kind
    FROM l LEFT JOIN (FROM changed WHERE nth = 1) f USING (n)
    UNION ALL
    SELECT n, nth, greatest(moment, born), new, new_kind FROM changed)
SELECT n, position, moment, owner_id, owner_kind, side, owner_region, team,
    owner_kind = 'user' AND NOT coalesce(is_automation, false) AS is_human
FROM every LEFT JOIN owners USING (owner_id, owner_kind);

CREATE TEMP TABLE handed AS
WITH seen AS (
    SELECT *, last_value(side IGNORE NULLS) OVER
            (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS side_before,
        min(CASE WHEN is_human AND side IS DISTINCT FROM 'marketing' THEN position END) OVER
            (w ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS reached
    FROM path WINDOW w AS (PARTITION BY n ORDER BY position)),
entered AS (
    SELECT *, row_number() OVER w AS sequence, lead(moment) OVER w AS next_at,
        CASE WHEN lead(position) OVER w <= reached THEN NULL ELSE reached END AS person_position
    FROM seen WHERE side = 'sales' AND coalesce(side_before, 'marketing') = 'marketing'
    WINDOW w AS (PARTITION BY n ORDER BY position)),
owned AS (
    SELECT e.*, p.owner_id AS first_person_id, greatest(p.moment, e.moment) AS first_owned_at,
        p.team AS person_team
    FROM entered e LEFT JOIN path p ON p.n = e.n AND p.position = e.person_position)
SELECT row_number() OVER () AS h, n, l.lead_id, sequence, position, moment AS handed_off_at,
    next_at AS next_handed_off_at, o.owner_id, o.owner_kind, owner_region, first_person_id,
    CASE WHEN first_person_id IS NOT NULL THEN first_owned_at END AS first_owned_at,
    coalesce(first_person_id, o.owner_id) AS owner, coalesce(person_team, team) AS team,
    team AS owner_team, region, business_unit, source, industry, segment, contact_id, merged_into,
    greatest(coalesce(l.ends_at, as_of()), moment) AS ends_at
FROM owned o JOIN l USING (n);

CREATE TEMP TABLE statuses AS
SELECT l.n, 0 AS position, created_at AS moment, old AS value
FROM l JOIN steps f ON f.n = l.n AND f.field = 'status' AND f.nth = 1
UNION ALL
SELECT n, nth, moment, new FROM steps WHERE field = 'status'
UNION ALL
SELECT n, 0, l.created_at, lower(trim(status)) FROM l JOIN leads USING (lead_id)
WHERE n NOT IN (SELECT n FROM steps WHERE field = 'status');

CREATE TEMP TABLE decided AS
SELECT n, moment, CASE value WHEN 'accepted' THEN 'accepted' ELSE 'rejected' END AS decision,
    0 AS slack FROM statuses WHERE value IN ('accepted', 'rejected')
UNION ALL
SELECT n, converted_at, 'accepted', 1 FROM l WHERE converted_at IS NOT NULL;

CREATE TEMP TABLE places AS
SELECT n, lead_id AS place FROM l UNION ALL
SELECT n, contact_id FROM l WHERE contact_id IS NOT NULL UNION ALL
SELECT l.n, l.merged_into FROM l WHERE merged_into IS NOT NULL UNION ALL
SELECT l.n, s.contact_id FROM l JOIN leads s ON s.lead_id = l.merged_into
WHERE s.contact_id IS NOT NULL;

CREATE TEMP TABLE touches AS
SELECT activity_id, lead_id, contact_id, opportunity_id, performed_by, side, occurred_at
FROM activities JOIN people ON performed_by = user_id
WHERE kind IN ('call', 'email', 'meeting') AND is_completed AND NOT coalesce(is_automated, false)
    AND NOT coalesce(is_internal, false) AND coalesce(direction, 'outbound') <> 'inbound'
    AND occurred_at <= as_of() AND recorded_at <= as_of() AND deleted_at IS NULL;

CREATE TEMP TABLE given_up AS
SELECT h, min(moment) AS given_up_at FROM handed JOIN statuses s USING (n)
WHERE value = 'unreachable' AND moment >= handed_off_at AND moment <= ends_at
    AND (next_handed_off_at IS NULL OR moment < next_handed_off_at) GROUP BY h;

CREATE TEMP TABLE answered AS
WITH there AS (
    SELECT h, place, handed_off_at, ends_at, next_handed_off_at, given_up_at
    FROM handed JOIN places USING (n) LEFT JOIN given_up USING (h)),
hits AS (
    SELECT h, given_up_at, activity_id, performed_by, occurred_at FROM there JOIN (
        SELECT lead_id AS place, activity_id, performed_by, occurred_at FROM touches
        WHERE side = 'sales' AND lead_id IS NOT NULL UNION ALL
        SELECT contact_id, activity_id, performed_by, occurred_at FROM touches
        WHERE side = 'sales' AND contact_id IS NOT NULL) USING (place)
    WHERE occurred_at >= handed_off_at AND occurred_at <= ends_at
        AND (next_handed_off_at IS NULL OR occurred_at < next_handed_off_at))
SELECT h, min(struct_pack(occurred_at, activity_id, performed_by)) AS first,
    count(DISTINCT CASE WHEN occurred_at <= given_up_at THEN activity_id END) AS attempts
FROM hits GROUP BY h;

CREATE TEMP TABLE decisions_of AS
SELECT h, min(struct_pack(moment := greatest(moment, handed_off_at), decision)) AS first
FROM handed JOIN decided USING (n)
WHERE epoch(date_trunc('second', handed_off_at)) - epoch(date_trunc('second', moment))
        <= slack * 86400.0
    AND moment <= ends_at AND (next_handed_off_at IS NULL OR moment < next_handed_off_at) GROUP BY h;

CREATE TEMP TABLE bounced AS
WITH after AS (
    SELECT h, p.position AS step, p.moment, p.owner_id, is_human,
        coalesce(p.owner_kind = 'queue', false) AS is_queue
    FROM handed d JOIN path p ON p.n = d.n AND p.position >= d.position
        AND p.moment <= handed_off_at + INTERVAL 30 DAY),
humans AS (
    SELECT *, lag(owner_id) OVER (PARTITION BY h ORDER BY step) AS before FROM after WHERE is_human),
twice AS (
    SELECT h, moment, row_number() OVER (PARTITION BY h ORDER BY step) AS nth
    FROM humans WHERE before <> owner_id),
back AS (
    SELECT a.h, min(a.moment) AS moment FROM after a
    JOIN (SELECT h, min(step) AS first FROM humans GROUP BY h) f ON f.h = a.h AND a.step > f.first
    WHERE is_queue GROUP BY a.h)
SELECT h, min(moment) AS bounced_at
FROM (SELECT h, moment FROM twice WHERE nth = 2 UNION ALL FROM back) GROUP BY h;

CREATE MACRO within(moment, opens, closes) AS
    greatest(least(epoch(date_trunc('second', moment))::BIGINT - epoch(date_trunc('day', moment))::BIGINT,
        closes) - opens, 0);
CREATE MACRO cluster_of(owner_id, owner_kind, moment) AS
    coalesce(CASE WHEN owner_kind = 'queue' THEN owner_id || '/' || date_trunc('week', moment)::DATE
        ELSE owner_id END, 'nobody');
CREATE MACRO seconds(since, till) AS
    (epoch(date_trunc('second', till))::BIGINT - epoch(date_trunc('second', since))::BIGINT)::DOUBLE;

CREATE TABLE fact_handoffs AS
WITH timed AS (
    SELECT d.*, first.occurred_at AS first_response_at, first.performed_by AS first_response_by,
        first.activity_id AS first_response_id, given_up_at,
        CASE WHEN given_up_at IS NOT NULL THEN coalesce(attempts, 0) END AS attempts,
        o.decided_at, o.decision, b.bounced_at,
        coalesce(b.bounced_at <= d.ends_at, false) AS is_bounced,
        coalesce(first.occurred_at, d.ends_at) AS answered_at,
        coalesce(o.decided_at, d.ends_at) AS judged_at,
        least(coalesce(first.occurred_at, d.ends_at), handed_off_at + INTERVAL 30 DAY)
            AS waited_until,
        coalesce(CASE WHEN owner_region IN ('EMEA', 'AMER', 'APAC') THEN owner_region END,
            CASE WHEN region IN ('EMEA', 'AMER', 'APAC') THEN region END, '') AS calendar
    FROM handed d LEFT JOIN answered USING (h) LEFT JOIN given_up USING (h)
        LEFT JOIN (SELECT h, first.moment AS decided_at, first.decision AS decision FROM decisions_of) o
        USING (h) LEFT JOIN bounced b USING (h)),
queued AS (
    SELECT *, least(coalesce(first_owned_at, waited_until), waited_until) AS queued_until
    FROM timed),
worked AS (
    SELECT q.*, a.before + within(handed_off_at, a.start_0, a.end_0) AS w0,
        b.before + within(answered_at, b.start_0, b.end_0) AS w1,
        c.before + within(waited_until, c.start_0, c.end_0) AS w2,
        d.before + within(queued_until, d.start_0, d.end_0) AS w3,
        e.before + within(judged_at, e.start_0, e.end_0) AS w4
    FROM queued q
    LEFT JOIN calendar a ON a.calendar = q.calendar AND a.utc_day = handed_off_at::DATE
    LEFT JOIN calendar b ON b.calendar = q.calendar AND b.utc_day = answered_at::DATE
    LEFT JOIN calendar c ON c.calendar = q.calendar AND c.utc_day = waited_until::DATE
    LEFT JOIN calendar d ON d.calendar = q.calendar AND d.utc_day = queued_until::DATE
    LEFT JOIN calendar e ON e.calendar = q.calendar AND e.utc_day = judged_at::DATE)
SELECT lead_id || ':' || sequence AS handoff_id, lead_id, sequence, handed_off_at,
    next_handed_off_at, owner_id, owner_kind, first_person_id, first_owned_at, first_response_at,
    first_response_by, first_response_id, first_response_at IS NOT NULL AS is_responded,
    (w1 - w0)::DOUBLE / 3600 AS response_business_hours,
    seconds(handed_off_at, answered_at) / 3600 AS response_wall_hours,
    seconds(handed_off_at, answered_at) / 86400 AS response_wall_days, 8.0::DOUBLE AS sla_hours,
    (w1 - w0)::DOUBLE / 3600 / 8 AS response_over_sla, is_bounced, bounced_at,
    seconds(handed_off_at, CASE WHEN is_bounced THEN bounced_at ELSE ends_at END) / 86400
        AS bounce_days, decided_at, decision, decided_at IS NOT NULL AS is_decided,
    (w4 - w0)::DOUBLE / 3600 AS decision_business_hours,
    seconds(handed_off_at, judged_at) / 3600 AS decision_wall_hours,
    (w2 - w0)::DOUBLE / 3600 AS waited_business_hours,
    (w3 - w0)::DOUBLE / 3600 AS queue_business_hours, given_up_at, attempts,
    attempts >= 6 AS is_tried_enough,
    CASE WHEN decision = 'accepted' THEN first_response_at IS NULL END AS is_accepted_untouched,
    ends_at, merged_into, calendar, region, business_unit, source, industry, segment, team, owner,
    cluster_of(owner_id, owner_kind, handed_off_at) AS cluster, as_of() AS as_of
FROM worked WHERE handed_off_at >= since();

CREATE TEMP TABLE ready AS
SELECT l.*, greatest(coalesce(mql_at, entered_at), created_at) AS ready_at,
    greatest(coalesce(ends_at, as_of()), coalesce(mql_at, entered_at), created_at) AS watched_until
FROM l LEFT JOIN (
    SELECT n, min(moment) AS entered_at FROM statuses WHERE value = 'marketing qualified' GROUP BY n)
    USING (n)
WHERE coalesce(mql_at, entered_at) IS NOT NULL;

CREATE TABLE fact_decisions AS
WITH first AS (
    SELECT n, min(struct_pack(moment := greatest(moment, ready_at), decision)) AS first
    FROM ready JOIN decided USING (n)
    WHERE epoch(date_trunc('second', ready_at)) - epoch(date_trunc('second', moment))
            <= slack * 86400.0 AND moment <= watched_until GROUP BY n),
judged AS (
    SELECT r.*, first.moment AS decided_at, first.decision AS decision FROM ready r
    LEFT JOIN first USING (n)),
scored AS (
    SELECT j.n, arg_max(CASE WHEN moment IS NULL OR moment > decided_at THEN old ELSE new END, nth)
        AS number
    FROM judged j JOIN steps s ON s.n = j.n AND s.field = 'score'
    WHERE moment <= decided_at GROUP BY j.n),
before AS (SELECT n, old FROM steps WHERE field = 'score' AND nth = 1),
last AS (
    SELECT n, handed_off_at, owner_id AS then_owner, owner_kind AS then_kind, owner_team
    FROM handed WHERE next_handed_off_at IS NULL)
SELECT lead_id, ready_at AS mql_at, handed_off_at, handed_off_at IS NOT NULL AS has_handoff,
    CASE WHEN handed_off_at IS NOT NULL THEN then_owner ELSE owner_id END AS owner_id,
    CASE WHEN handed_off_at IS NOT NULL THEN then_kind ELSE owner_kind END AS owner_kind,
    decided_at, decision, decided_at IS NOT NULL AS is_decided,
    CASE WHEN decided_at IS NOT NULL THEN decision = 'accepted' END AS is_accepted,
    seconds(ready_at, coalesce(decided_at, watched_until)) / 86400 AS decision_days,
    CASE WHEN decision = 'rejected' THEN j.rejection_reason END AS rejection_reason,
    CASE WHEN decision = 'rejected' THEN coalesce(lower(trim(j.rejection_reason)) IN ('no budget',
        'not a fit', 'bad contact data', 'no project', 'competitor customer'), false) END
        AS is_reason_agreed,
    CASE WHEN decided_at >= created_at THEN
        coalesce(number, old, score::VARCHAR)::DOUBLE END AS score_at_decision,
    watched_until AS ends_at, region, business_unit, source, industry, segment,
    owner_team AS team, CASE WHEN handed_off_at IS NOT NULL THEN then_owner ELSE owner_id END
        AS owner,
    cluster_of(CASE WHEN handed_off_at IS NOT NULL THEN then_owner ELSE owner_id END,
        CASE WHEN handed_off_at IS NOT NULL THEN then_kind ELSE owner_kind END, ready_at)
        AS cluster, as_of() AS as_of
FROM judged j LEFT JOIN scored USING (n) LEFT JOIN before USING (n) LEFT JOIN last USING (n)
WHERE ready_at >= since();

CREATE TEMP TABLE spoken AS
WITH placed AS (
    SELECT n, position, moment, value, lag(value) OVER w AS value_before,
        CASE value WHEN 'new' THEN 0 WHEN 'marketing qualified' THEN 1 WHEN 'accepted' THEN 2
            WHEN 'working' THEN 3 WHEN 'converted' THEN 4 WHEN 'recycled' THEN -2
            WHEN 'rejected' THEN -1 WHEN 'unreachable' THEN -1 ELSE -3 END AS place,
        lag(place) OVER w AS before
    FROM statuses WINDOW w AS (PARTITION BY n ORDER BY position))
SELECT *, CASE WHEN before IS NULL THEN place IN (0, 1)
    ELSE coalesce((before >= 0 AND place = before + 1) OR (place IN (-1, -2) AND before <> -3)
        OR (before = -2 AND place IN (0, 1)) OR (before = place AND place <> -3), false) END AS good
FROM placed;

CREATE TEMP TABLE d AS
SELECT row_number() OVER () AS j, o.opportunity_id, o.account_id, o.owner_id, o.created_at,
    o.closed_at, o.close_on, o.sales_stage, o.amount, o.forecast_category, o.source,
    o.campaign_id, o.loss_reason, coalesce(o.region, a.region) AS region,
    coalesce(o.business_unit, a.business_unit) AS business_unit, industry, segment, o.is_key, team
FROM opportunities o LEFT JOIN (
    FROM accounts WHERE recorded_at <= as_of() AND deleted_at IS NULL) a USING (account_id)
    LEFT JOIN owners w ON w.owner_id = o.owner_id AND w.owner_kind = 'user'
WHERE o.recorded_at <= as_of() AND o.deleted_at IS NULL AND o.created_at <= as_of();

CREATE TEMP TABLE moves AS
WITH numbered AS (
    SELECT j, field, changed_at AS moment, old, new,
        row_number() OVER (PARTITION BY j, field ORDER BY changed_at, change_id) AS nth
    FROM opportunity_changes c JOIN d USING (opportunity_id)
    WHERE field IN ('stage', 'amount', 'close_date', 'forecast') AND changed_at <= as_of()
        AND c.deleted_at IS NULL),
begun AS (
    UNPIVOT (SELECT j, created_at AS moment, sales_stage AS stage, amount::VARCHAR AS amount,
        close_on::VARCHAR AS close_date, coalesce(forecast_category, '') AS forecast FROM d)
    ON stage, amount, close_date, forecast INTO NAME field VALUE now)
SELECT b.j, b.field, b.moment, coalesce(n.old, now) AS value, 0 AS position
FROM begun b LEFT JOIN (FROM numbered WHERE nth = 1) n ON n.j = b.j AND n.field = b.field
UNION ALL SELECT j, field, moment, new, nth FROM numbered;

CREATE TEMP TABLE staged AS
WITH walked AS (
    SELECT j, m.position, moment, value, coalesce(s.is_closed, false) AS is_closed,
        coalesce(s.is_won, false) AS is_won, coalesce(s.is_qualified, false) AS is_qualified,
        coalesce(lag(s.is_closed) OVER (PARTITION BY j ORDER BY m.position), false) AS was_closed
    FROM moves m LEFT JOIN sales_stages s ON s.sales_stage = value WHERE field = 'stage'),
reached AS (
    SELECT j, max(position) AS position,
        max(CASE WHEN is_closed AND NOT was_closed AND position > 0 THEN moment END) AS closing_at,
        min(CASE WHEN (is_qualified AND NOT is_closed) OR is_won THEN moment END) AS qualified_at
    FROM walked GROUP BY j),
dated AS (
    SELECT j, arg_max(value, position)[1:10]::DATE AS close_now FROM moves
    WHERE field = 'close_date' GROUP BY j)
SELECT d.* EXCLUDE (closed_at, sales_stage), w.value AS sales_stage, qualified_at, close_now,
    CASE WHEN w.is_closed THEN coalesce(closing_at, closed_at) END AS closed_at,
    w.is_closed AND coalesce(closing_at, closed_at) IS NOT NULL AS is_closed,
    w.is_won AND coalesce(closing_at, closed_at) IS NOT NULL AS is_won
FROM d JOIN reached USING (j) JOIN walked w USING (j, position) LEFT JOIN dated USING (j);

CREATE TABLE fact_leads AS
WITH words AS (
    SELECT n, bool_and(good) AS kept FROM spoken GROUP BY n HAVING count(*) > 1),
joined AS (
    SELECT l.*, kept, ready_at, s.qualified_at AS passed_at,
        CASE WHEN l.opportunity_id IS NOT NULL THEN greatest(l.converted_at, l.created_at) END
            AS became_at, greatest(coalesce(l.ends_at, as_of()), l.created_at) AS till
    FROM l LEFT JOIN words USING (n) LEFT JOIN (SELECT n, ready_at FROM ready) USING (n)
        LEFT JOIN staged s ON s.opportunity_id = l.opportunity_id),
passed AS (
    SELECT *, CASE WHEN ready_at IS NOT NULL AND passed_at IS NOT NULL
        THEN greatest(passed_at, ready_at) END AS done_at FROM joined)
SELECT lead_id, created_at, owner_id, owner_kind, kept AS is_vocabulary_kept, opportunity_id,
    became_at AS opportunity_at, became_at IS NOT NULL AS is_opportunity,
    seconds(created_at, coalesce(became_at, till)) / 86400 AS opportunity_days,
    done_at AS qualified_at, done_at IS NOT NULL AS is_qualified, ready_at AS mql_at,
    CASE WHEN ready_at IS NOT NULL
        THEN seconds(ready_at, greatest(coalesce(done_at, till), ready_at)) / 86400 END
        AS qualified_days,
    region, business_unit, source, industry, segment, owner_id AS owner,
    cluster_of(owner_id, owner_kind, created_at) AS cluster, as_of() AS as_of
FROM passed WHERE created_at >= since();

CREATE TABLE fact_returned AS
WITH back AS (
    SELECT n, moment AS returned_at, row_number() OVER (PARTITION BY n ORDER BY moment) AS nth
    FROM spoken WHERE value IN ('rejected', 'recycled')
        AND coalesce(value_before NOT IN ('rejected', 'recycled'), true)),
named AS (
    SELECT b.*, greatest(coalesce(ends_at, as_of()), returned_at) AS till
    FROM back b JOIN l USING (n)),
added AS (
    SELECT lead_id, contact_id, added_at FROM campaign_members
    WHERE added_at <= as_of() AND recorded_at <= as_of() AND deleted_at IS NULL
        AND added_by NOT IN (SELECT user_id FROM people WHERE side = 'sales')),
again AS (
    SELECT n, nth, min(added_at) AS again_at FROM named JOIN places USING (n) JOIN (
        SELECT lead_id AS place, added_at FROM added WHERE lead_id IS NOT NULL UNION ALL
        SELECT contact_id, added_at FROM added WHERE contact_id IS NOT NULL) USING (place)
    WHERE added_at > returned_at AND added_at <= till GROUP BY n, nth)
SELECT lead_id || ':' || nth AS return_id, lead_id, returned_at, owner_id,
    again_at AS touched_again_at, again_at IS NOT NULL AS is_touched_again,
    seconds(returned_at, coalesce(again_at, till)) / 86400 AS again_days, region, business_unit,
    source, industry, segment, owner_id AS owner,
    cluster_of(owner_id, owner_kind, returned_at) AS cluster, as_of() AS as_of
FROM named JOIN l USING (n) LEFT JOIN again USING (n, nth);

CREATE TABLE fact_segment_pairs AS
SELECT lead_id, account_id, converted_at,
    nullif(lower(trim(l.segment)), '') AS marketing_segment,
    nullif(lower(trim(a.segment)), '') AS sales_segment, a.owner_id, l.region, l.business_unit,
    source, l.industry, a.owner_id AS owner, coalesce(a.owner_id, 'nobody') AS cluster,
    as_of() AS as_of
FROM l JOIN accounts a USING (account_id)
WHERE converted_at IS NOT NULL AND a.recorded_at <= as_of() AND a.deleted_at IS NULL
    AND seconds(a.created_at, converted_at) / 86400 * 24 >= 1;

CREATE TEMP TABLE parties AS
SELECT j, place FROM d JOIN (
    SELECT opportunity_id, lead_id AS place FROM l UNION ALL
    SELECT opportunity_id, contact_id FROM l UNION ALL
    SELECT opportunity_id, contact_id FROM contact_roles WHERE added_at <= as_of()) USING
    (opportunity_id)
WHERE place IS NOT NULL GROUP BY ALL;

CREATE TEMP TABLE joined_by AS
SELECT j, added_at, added_by FROM parties JOIN (
    SELECT lead_id AS place, added_at, added_by FROM campaign_members
    WHERE lead_id IS NOT NULL AND added_at <= as_of() AND deleted_at IS NULL UNION ALL
    SELECT contact_id, added_at, added_by FROM campaign_members
    WHERE contact_id IS NOT NULL AND added_at <= as_of() AND deleted_at IS NULL) USING (place);

CREATE TEMP TABLE logged AS
WITH done AS (
    SELECT opportunity_id, contact_id, performed_by, occurred_at FROM activities
    WHERE is_completed AND NOT coalesce(is_automated, false) AND occurred_at <= as_of()
        AND deleted_at IS NULL AND (opportunity_id IS NOT NULL OR contact_id IS NOT NULL)),
every AS (
    SELECT j, performed_by AS person FROM done JOIN d USING (opportunity_id)
    UNION ALL
    SELECT j, performed_by FROM done JOIN (
        SELECT place, j, created_at FROM parties JOIN d USING (j)) p
    ON place = contact_id AND occurred_at >= created_at
    UNION ALL
    SELECT j, changed_by FROM opportunity_changes c JOIN d USING (opportunity_id)
    WHERE changed_at <= as_of() AND c.deleted_at IS NULL
    UNION ALL
    SELECT j, added_by FROM joined_by)
SELECT j, bool_or(side = 'sales') AND bool_or(side = 'marketing') AS is_shared
FROM every JOIN people ON person = user_id GROUP BY j;

CREATE TEMP TABLE held AS
SELECT activity_id, type, opportunity_id, account_id, contact_id, campaign_id, performed_by,
    occurred_at, coalesce(is_internal, false) AS is_internal
FROM activities WHERE kind = 'meeting' AND coalesce(is_completed, true) AND occurred_at <= as_of()
    AND deleted_at IS NULL;

CREATE TEMP TABLE there AS
SELECT DISTINCT activity_id, user_id, side FROM attendees JOIN people USING (user_id);

CREATE TEMP TABLE met AS
WITH customer AS (
    FROM held SEMI JOIN (FROM there WHERE side = 'marketing') USING (activity_id)
    WHERE NOT is_internal),
with_contact AS (
    SELECT occurred_at, contact_id FROM customer WHERE contact_id IS NOT NULL UNION
    SELECT occurred_at, a.contact_id FROM customer JOIN attendees a USING (activity_id)
    WHERE a.contact_id IS NOT NULL),
every AS (
    SELECT opportunity_id, occurred_at, true AS own FROM customer UNION ALL
    SELECT d.opportunity_id, occurred_at, false FROM customer JOIN d USING (account_id) UNION ALL
    SELECT opportunity_id, occurred_at, false FROM contact_roles JOIN with_contact
    USING (contact_id))
SELECT j, min(occurred_at) AS met_at FROM every JOIN staged USING (opportunity_id)
WHERE (own OR occurred_at >= created_at) AND (closed_at IS NULL OR occurred_at <= closed_at)
GROUP BY j;

CREATE TEMP TABLE traced AS
WITH made AS (
    SELECT j, lead_id, l.contact_id, CASE WHEN seconds(l.converted_at, s.created_at) / 86400
        BETWEEN 0 AND 1 THEN s.created_at ELSE l.converted_at END AS turned_at
    FROM l JOIN staged s USING (opportunity_id)
    WHERE l.ends_at IS NULL AND seconds(l.converted_at, s.created_at) / 86400 >= -1
        AND (closed_at IS NULL OR closed_at >= s.created_at)),
added AS (
    SELECT coalesce(contact_id, lead_id) AS place, min(added_at) AS added_at FROM campaign_members
    WHERE added_at <= as_of() AND deleted_at IS NULL GROUP BY 1),
steps AS (
    SELECT j, lead_id, turned_at, added_at FROM made JOIN added ON place = lead_id UNION ALL
    SELECT j, lead_id, turned_at, added_at FROM made JOIN added ON place = contact_id)
SELECT j, min(struct_pack(added_at, lead_id, turned_at)) AS first FROM steps
WHERE added_at <= turned_at GROUP BY j;

CREATE TEMP TABLE last_touched AS
SELECT j, max(occurred_at) AS last_touch_at FROM (
    SELECT j, occurred_at FROM touches JOIN d USING (opportunity_id) UNION ALL
    SELECT j, occurred_at FROM touches JOIN parties ON place = contact_id) GROUP BY j;

CREATE TABLE fact_opportunities AS
WITH touched AS (SELECT j, min(added_at) AS member_at FROM joined_by GROUP BY j),
influenced AS (
    SELECT opportunity_id, min(added_at) AS influenced_at FROM campaign_influences
    WHERE added_at <= as_of() AND deleted_at IS NULL GROUP BY opportunity_id),
joined AS (
    SELECT s.*, greatest(coalesce(s.amount, 0), 0) AS given, coalesce(s.is_key, false) AS key,
        r.opportunity_id IS NOT NULL AS has_role, c.opportunity_id IS NOT NULL AS has_document,
        m.opportunity_id IS NOT NULL AS on_team, met_at, member_at, influenced_at,
        least(member_at, influenced_at) AS touched_at, first.added_at AS campaign_at,
        first.lead_id AS lead_id, first.turned_at AS lead_converted_at, last_touch_at,
        coalesce(is_shared, false) AS is_shared, qualified_at IS NOT NULL AS qualified,
        s.is_closed AND NOT s.is_won AS is_lost
    FROM staged s LEFT JOIN (SELECT DISTINCT opportunity_id FROM contact_roles
            WHERE added_at <= as_of()) r USING (opportunity_id)
        LEFT JOIN (SELECT DISTINCT opportunity_id FROM content_links JOIN people
            ON author_id = user_id WHERE side = 'marketing' AND linked_at <= as_of()) c
            USING (opportunity_id)
        LEFT JOIN (SELECT DISTINCT opportunity_id FROM team_members JOIN people USING (user_id)
            WHERE side = 'marketing' AND added_at <= as_of()) m USING (opportunity_id)
        LEFT JOIN influenced USING (opportunity_id)
        LEFT JOIN touched USING (j) LEFT JOIN traced USING (j) LEFT JOIN met USING (j)
        LEFT JOIN last_touched USING (j) LEFT JOIN logged USING (j))
SELECT opportunity_id, account_id, owner_id, created_at, closed_at, close_now AS close_on,
    sales_stage, amount, NOT is_closed AS is_open, is_closed, is_won, is_lost, key AS is_key,
    qualified_at, CASE WHEN qualified THEN has_role END AS has_contact_role,
    CASE WHEN qualified THEN has_document END AS has_content, on_team AS has_marketer,
    CASE WHEN is_lost THEN loss_reason END AS loss_reason,
    CASE WHEN is_lost THEN coalesce(lower(trim(loss_reason)) IN ('price', 'product gap',
        'competitor', 'no decision', 'timing'), false) END AS is_loss_reason_agreed,
    CASE WHEN is_lost THEN coalesce(lower(trim(loss_reason)) = 'no decision', false) END
        AS is_no_decision,
    met_at AS marketer_met_at,
    CASE WHEN key AND is_closed THEN met_at IS NOT NULL END AS is_key_with_marketer, campaign_id,
    coalesce(trim(source) <> '', false) OR campaign_id IS NOT NULL AS is_source_known,
    last_touch_at, CASE WHEN NOT is_closed THEN coalesce(close_now >= today()
        AND last_touch_at >= as_of() - INTERVAL 30 DAY, false) END AS is_clean, is_shared,
    touched_at AS campaign_touched_at, coalesce(touched_at <= closed_at, false) AS is_touched,
    campaign_at, lead_id, lead_converted_at, campaign_at IS NOT NULL AS is_traceable,
    CASE WHEN is_closed THEN is_won END AS won_or_lost,
    CASE WHEN is_closed THEN given END AS closed_amount,
    CASE WHEN is_closed THEN given * is_won::INT END AS won_of_closed,
    CASE WHEN is_won THEN given END AS won_amount,
    CASE WHEN is_won THEN given * (campaign_at IS NOT NULL)::INT END AS traceable_amount,
    CASE WHEN is_won THEN given * coalesce(touched_at <= closed_at, false)::INT END
        AS touched_amount,
    CASE WHEN is_won THEN given * coalesce(member_at <= closed_at, false)::INT END
        AS member_amount,
    CASE WHEN is_won THEN given * coalesce(influenced_at <= closed_at, false)::INT END
        AS influenced_amount,
    CASE WHEN is_won THEN given * (campaign_id IS NOT NULL)::INT END AS sourced_amount,
    CASE WHEN is_won THEN given * coalesce(touched_at <= created_at, false)::INT END
        AS begun_amount,
    CASE WHEN is_won THEN greatest(seconds(created_at, closed_at) / 86400, 0) END AS cycle_days,
    coalesce(closed_at, as_of()) AS seen_at, region, business_unit, source, industry, segment,
    team, owner_id AS owner, coalesce(owner_id, 'nobody') AS cluster, as_of() AS as_of
FROM joined WHERE closed_at IS NULL OR closed_at >= since();

CREATE TABLE fact_forecasts AS
WITH spans AS (
    SELECT j, field, value, moment, lead(moment) OVER (PARTITION BY j, field ORDER BY position) AS until
    FROM moves),
due AS (
    SELECT j, q.place FROM spans JOIN quarters q
    ON value[1:10]::DATE BETWEEN first_on AND last_on AND moment <= began_at
        AND (until IS NULL OR began_at < until)
    WHERE field = 'close_date'),
won AS (
    SELECT j, q.place FROM staged JOIN quarters q ON closed_at BETWEEN began_at AND ended_at
    WHERE is_won),
pairs AS (SELECT j, place, q.* EXCLUDE (place) FROM (FROM due UNION FROM won) JOIN quarters q
    USING (place)),
said AS (
    SELECT j, place, max(value) FILTER (field = 'stage') AS stage,
        max(value) FILTER (field = 'amount') AS amount_then,
        max(value) FILTER (field = 'close_date') AS close_date,
        max(value) FILTER (field = 'forecast') AS forecast
    FROM pairs JOIN spans USING (j)
    WHERE moment <= began_at AND (until IS NULL OR began_at < until) GROUP BY j, place),
told AS (
    SELECT p.*, stage, amount_then, forecast, close_date[1:10]::DATE AS due_on, s.*,
        coalesce(stage IS NOT NULL AND NOT coalesce(t.is_closed, false)
            AND lower(trim(forecast)) IN ('commit', 'forecast', 'most likely', 'mostlikely',
                'best case', 'bestcase', 'closed')
            AND close_date[1:10]::DATE BETWEEN first_on AND last_on, false) AS counts,
        coalesce(s.is_won AND closed_at BETWEEN began_at AND ended_at, false) AS won_then
    FROM pairs p LEFT JOIN said USING (j, place) JOIN staged s USING (j)
        LEFT JOIN sales_stages t ON t.sales_stage = stage),
summed AS (
    SELECT *, CASE WHEN counts THEN greatest(coalesce(amount_then::DOUBLE, 0), 0) ELSE 0 END
            AS forecast_amount,
        CASE WHEN won_then THEN greatest(coalesce(amount, 0), 0) ELSE 0 END AS won_amount
    FROM told)
SELECT opportunity_id, quarter, began_at AS quarter_began_at, ended_at AS quarter_ended_at,
    owner_id, forecast AS forecast_category, due_on AS forecast_close_on, forecast_amount,
    won_amount, region, business_unit, source, industry, segment, team, owner_id AS owner,
    coalesce(owner_id, 'nobody') AS cluster, as_of() AS as_of
FROM summed WHERE forecast_amount > 0 OR won_amount > 0;

CREATE TABLE fact_meetings AS
WITH counts AS (
    SELECT activity_id, count(*) FILTER (side = 'sales') AS sales_attendees,
        count(*) FILTER (side = 'marketing') AS marketing_attendees
    FROM there SEMI JOIN (FROM held WHERE is_internal) USING (activity_id) GROUP BY activity_id)
SELECT activity_id, occurred_at, performed_by AS organiser_id, sales_attendees,
    marketing_attendees, coalesce(performed_by, 'nobody') AS cluster, as_of() AS as_of
FROM held JOIN counts USING (activity_id)
WHERE is_internal AND sales_attendees > 0 AND marketing_attendees > 0 AND occurred_at >= since();

CREATE TABLE fact_history AS
SELECT 'lead' AS entity, field, count(*) AS changes, min(changed_at) AS first_at, as_of() AS as_of
FROM lead_changes WHERE changed_at <= as_of() AND deleted_at IS NULL GROUP BY field UNION ALL
SELECT 'opportunity', field, count(*), min(changed_at), as_of() FROM opportunity_changes
WHERE changed_at <= as_of() AND deleted_at IS NULL GROUP BY field;
