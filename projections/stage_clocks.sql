-- Every run of a stage clock, one row each: who had it, until when, and what became of it.
create table if not exists stage_clocks (
    case_id     text not null,
    -- The case's version after the event that starts it: one row each, however often it is folded.
    version     int not null,
    partition   int not null,
    number      text not null,
    round       int not null,
    clock       text not null,
    unit        text,
    holder      text not null,
    started_ms  bigint not null,
    -- None where the standard sets no limit.
    deadline_ms bigint,
    -- When it stopped or stood still; none while it runs.
    stopped_ms  bigint,
    -- What the clock itself says once it stopped.
    verdict     text,
    -- What the rates count: running, met, missed or left_out.
    answer      text not null,
    primary key (case_id, version)
);
create index if not exists stage_clocks_at on stage_clocks (deadline_ms);
