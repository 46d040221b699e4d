-- Sums of bulk usage by event hour and leaf. Each id of a producer counts once: its first telling.
--
-- Parameters: first and last day of arrival (2026-11-20), first event hour and the one after the
-- last (2026-11-20T13). Days of arrival must begin no later than the event hours do.
--
-- A row whose names or counts contradict themselves is summed nowhere: the rows with an empty
-- event hour count them. `tier` keeps requests of one context tier together (the edges are those
-- at which published prices change), so that the mean request of a sum pays what each would.
WITH told AS (
    SELECT
        producer,
        id,
        "at",
        day || 'T' || hour AS arrived,
        coalesce(tenant, '') AS tenant,
        model,
        coalesce(provider, '') AS provider,
        coalesce(feature, '') AS feature,
        coalesce("key", '') AS key_alias,
        coalesce(batch, false) AS batch,
        coalesce(requests, 1) AS requests,
        coalesce(input_tokens, 0) AS input_tokens,
        coalesce(cached_input_tokens, 0) AS cached_input_tokens,
        coalesce(cache_write_tokens, 0) AS cache_write_tokens,
        coalesce(cache_write_1h_tokens, 0) AS cache_write_1h_tokens,
        coalesce(output_tokens, 0) AS output_tokens,
        coalesce(reasoning_tokens, 0) AS reasoning_tokens,
        coalesce(input_tokens, output_tokens) IS NOT NULL AS counted
    FROM usage
    WHERE day BETWEEN ? AND ?
),
judged AS (
    SELECT
        *,
        coalesce(
            length(id) BETWEEN 1 AND 256
            AND length(model) BETWEEN 1 AND 128
            AND regexp_like("at", '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$')
            AND requests BETWEEN 1 AND 1000000000
            AND counted
            AND input_tokens BETWEEN 0 AND 1000000000000
            AND output_tokens BETWEEN 0 AND 1000000000000
            AND cached_input_tokens >= 0
            AND cache_write_tokens >= 0
            AND cache_write_1h_tokens >= 0
            AND cached_input_tokens + cache_write_tokens + cache_write_1h_tokens <= input_tokens
            AND reasoning_tokens BETWEEN 0 AND output_tokens,
            false
        ) AS sound
    FROM told
),
numbered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY producer, sound, id
            ORDER BY arrived, "at", tenant, model, feature, input_tokens, output_tokens, requests
        ) AS telling
    FROM judged
)
SELECT
    producer,
    substr("at", 1, 13) AS event_hour,
    tenant,
    model,
    provider,
    feature,
    key_alias,
    batch,
    CAST(input_tokens > 32000 * requests AS integer)
        + CAST(input_tokens > 100000 * requests AS integer)
        + CAST(input_tokens > 128000 * requests AS integer)
        + CAST(input_tokens > 199999 * requests AS integer)
        + CAST(input_tokens > 200000 * requests AS integer)
        + CAST(input_tokens > 256000 * requests AS integer)
        + CAST(input_tokens > 272000 * requests AS integer)
        + CAST(input_tokens > 512000 * requests AS integer)
        + CAST(input_tokens > 524288 * requests AS integer) AS tier,
    sum(requests) AS requests,
    sum(input_tokens) AS input_tokens,
    sum(cached_input_tokens) AS cached_input_tokens,
    sum(cache_write_tokens) AS cache_write_tokens,
    sum(cache_write_1h_tokens) AS cache_write_1h_tokens,
    sum(output_tokens) AS output_tokens,
    sum(reasoning_tokens) AS reasoning_tokens
FROM numbered
WHERE sound AND telling = 1 AND substr("at", 1, 13) >= ? AND substr("at", 1, 13) < ?
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
UNION ALL
SELECT producer, '', '', '', '', '', '', false, 0, count(*), 0, 0, 0, 0, 0, 0
FROM numbered
WHERE NOT sound
GROUP BY producer
