-- Sums of bulk usage by event hour and leaf. Each id of a producer counts once: its first telling.
--
-- Parameters: first and last day of arrival (2026-11-20), the hour of arrival after the last
-- (2026-11-20T13), first event hour and the one after the last. Days of arrival must begin no later
-- than the event hours do, and hours of arrival must be over: what is first does not change then.
--
-- A row with a `fault` is summed nowhere: such rows are counted by fault and hour of arrival, with
-- up to twenty of their ids. A row that is beyond `PlausibilityLimits` is a group of its own, by
-- `held_id`: a person decides on it alone. Everything is text until it is judged: a column of numbers would give
-- nothing for what is none. `tier` keeps requests of one context tier together (the edges are
-- those at which published prices change), so that the mean request of a sum pays what each would.
WITH told AS (
    SELECT
        producer,
        id,
        "at",
        try_cast(substr("at", 1, 10) || ' ' || substr("at", 12, 8) AS timestamp) AS event_time,
        day || 'T' || hour AS arrived,
        "$path" AS file,
        CAST(day || ' ' || hour || ':00:00' AS timestamp) AS arrival,
        coalesce(tenant, '') AS tenant,
        model,
        coalesce(provider, '') AS provider,
        coalesce(feature, '') AS feature,
        coalesce("key", '') AS key_alias,
        coalesce(currency, '') AS currency,
        coalesce(lower(batch), 'false') AS batch,
        coalesce(input_tokens, output_tokens) IS NOT NULL AS counted,
        try_cast(regexp_extract(coalesce(requests, '1'), '^([0-9]{1,15})([.]0+)?$', 1) AS bigint) AS requests,
        try_cast(regexp_extract(coalesce(input_tokens, '0'), '^([0-9]{1,15})([.]0+)?$', 1) AS bigint) AS input_tokens,
        try_cast(regexp_extract(coalesce(cached_input_tokens, '0'), '^([0-9]{1,15})([.]0+)?$', 1) AS bigint) AS cached_input_tokens,
        try_cast(regexp_extract(coalesce(cache_write_tokens, '0'), '^([0-9]{1,15})([.]0+)?$', 1) AS bigint) AS cache_write_tokens,
        try_cast(regexp_extract(coalesce(cache_write_1h_tokens, '0'), '^([0-9]{1,15})([.]0+)?$', 1) AS bigint) AS cache_write_1h_tokens,
        try_cast(regexp_extract(coalesce(output_tokens, '0'), '^([0-9]{1,15})([.]0+)?$', 1) AS bigint) AS output_tokens,
        try_cast(regexp_extract(coalesce(reasoning_tokens, '0'), '^([0-9]{1,15})([.]0+)?$', 1) AS bigint) AS reasoning_tokens
    FROM usage
    WHERE day BETWEEN ? AND ? AND day || 'T' || hour < ?
),
judged AS (
    SELECT
        *,
        CASE
            WHEN coalesce(id, '') = '' THEN 'id is missing, or the line is no JSON'
            WHEN length(id) > 256 THEN 'id is longer than 256 characters'
            WHEN coalesce(model, '') = '' THEN 'model is missing'
            WHEN length(model) > 128 THEN 'model is longer than 128 characters'
            WHEN event_time IS NULL OR NOT regexp_like(
                "at", '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?Z$'
            ) THEN 'at is not a time in UTC such as 2026-11-20T13:05:00Z'
            -- a file is in the folder of its oldest record, and others came up to 5 minutes later
            WHEN event_time > arrival + INTERVAL '70' MINUTE THEN 'at is more than 5 minutes ahead'
            WHEN event_time < arrival - INTERVAL '7' DAY THEN 'at is more than 7 days ago'
            WHEN currency NOT IN ('', 'USD') THEN 'currency is not USD'
            WHEN batch NOT IN ('true', 'false') THEN 'batch is neither true nor false'
            WHEN NOT counted THEN 'input_tokens and output_tokens are missing'
            WHEN requests IS NULL THEN 'requests is not a count'
            WHEN input_tokens IS NULL THEN 'input_tokens is not a count'
            WHEN cached_input_tokens IS NULL THEN 'cached_input_tokens is not a count'
            WHEN cache_write_tokens IS NULL THEN 'cache_write_tokens is not a count'
            WHEN cache_write_1h_tokens IS NULL THEN 'cache_write_1h_tokens is not a count'
            WHEN output_tokens IS NULL THEN 'output_tokens is not a count'
            WHEN reasoning_tokens IS NULL THEN 'reasoning_tokens is not a count'
            WHEN requests NOT BETWEEN 1 AND 1000000000 THEN 'requests is not from 1 to 10^9'
            WHEN input_tokens > 1000000000000 THEN 'input_tokens is beyond 10^12'
            WHEN output_tokens > 1000000000000 THEN 'output_tokens is beyond 10^12'
            WHEN cached_input_tokens + cache_write_tokens + cache_write_1h_tokens > input_tokens
                THEN 'more tokens cached than input: input includes the cached'
            WHEN reasoning_tokens > output_tokens
                THEN 'more reasoning tokens than output: output includes them'
            ELSE ''
        END AS fault
    FROM told
),
numbered AS (
    SELECT
        *,
        fault = '' AS sound,
        if(fault = '', substr("at", 1, 13), arrived) AS event_or_arrival_hour,
        CASE
            WHEN fault <> '' THEN ''
            WHEN requests > 100000000 THEN id
            WHEN input_tokens + output_tokens > 10000000000 THEN id
            WHEN input_tokens + output_tokens > 10000000 * requests THEN id
            ELSE ''
        END AS held_id,
        row_number() OVER (
            PARTITION BY producer, fault, id
            -- Firehose names files by the time that they begin at; in one, any order will do
            ORDER BY
                arrived, file, "at", tenant, model, provider, feature, key_alias, batch, requests,
                input_tokens, cached_input_tokens, cache_write_tokens, cache_write_1h_tokens,
                output_tokens, reasoning_tokens
        ) AS telling
    FROM judged
)
SELECT
    producer,
    fault,
    coalesce(
        array_join(min(CASE WHEN NOT sound AND length(id) <= 256 THEN id END, 20), chr(10)), ''
    ) AS ids,
    event_or_arrival_hour,
    held_id,
    if(sound, tenant, '') AS tenant,
    if(sound, model, '') AS model,
    if(sound, provider, '') AS provider,
    if(sound, feature, '') AS feature,
    if(sound, key_alias, '') AS key_alias,
    if(sound, batch, '') AS batch,
    if(
        sound,
        CAST(input_tokens > 32000 * requests AS integer)
        + CAST(input_tokens > 100000 * requests AS integer)
        + CAST(input_tokens > 128000 * requests AS integer)
        + CAST(input_tokens > 199999 * requests AS integer)
        + CAST(input_tokens > 200000 * requests AS integer)
        + CAST(input_tokens > 256000 * requests AS integer)
        + CAST(input_tokens > 272000 * requests AS integer)
        + CAST(input_tokens > 512000 * requests AS integer)
        + CAST(input_tokens > 524288 * requests AS integer),
        0
    ) AS tier,
    sum(if(sound, requests, 1)) AS requests,
    sum(if(sound, input_tokens, 0)) AS input_tokens,
    sum(if(sound, cached_input_tokens, 0)) AS cached_input_tokens,
    sum(if(sound, cache_write_tokens, 0)) AS cache_write_tokens,
    sum(if(sound, cache_write_1h_tokens, 0)) AS cache_write_1h_tokens,
    sum(if(sound, output_tokens, 0)) AS output_tokens,
    sum(if(sound, reasoning_tokens, 0)) AS reasoning_tokens
FROM numbered
WHERE NOT sound OR (telling = 1 AND event_or_arrival_hour >= ? AND event_or_arrival_hour < ?)
GROUP BY 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12
