-- What was adopted, one row a partition and attempt: since which place of the log it decides by which version.
create table if not exists adoptions (
    partition     int not null,
    action_offset bigint not null,
    event_offset  bigint not null,
    action_id     text not null,
    outcome       text not null,
    version       text not null,
    at_ms         bigint not null,
    record        bytea not null,
    -- An action offset has one decision.
    primary key (partition, action_offset)
);
-- A log that was folded before this table was there held no adoption: its place is that of the other rows.
insert into checkpoint
select 'adoptions', partition, next_offset, last_origin, log, series_day, series_last
from checkpoint where projection = 'case_state'
on conflict do nothing;
