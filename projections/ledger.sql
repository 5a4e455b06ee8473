-- The responsibility ledger: who held a case from when to when. A lane is a co-handler's, beside the sum.
create table if not exists ledger (
    case_id   text not null,
    version   int not null,
    partition int not null,
    lane      boolean not null,
    round     int not null,
    from_ms   bigint not null,
    to_ms     bigint check (to_ms > from_ms),
    -- Nobody holds a case in an approved pause, and only then.
    holder    text,
    pause     text check ((pause is null) <> (holder is null)),
    level     smallint not null,
    status    text not null,
    clock     text,
    grid      text not null,
    -- An event begins at most one interval, so its number in the case is the interval's.
    primary key (case_id, version)
);
-- A case that is open is in one pair of hands.
create unique index if not exists ledger_current on ledger (case_id) where to_ms is null and not lane;
-- A period asks for what had not ended when it began.
create index if not exists ledger_ended on ledger (to_ms);
-- The lives of a case, from each opening to its end.
create table if not exists ledger_round (
    case_id   text not null,
    round     int not null,
    partition int not null,
    opened_ms bigint not null,
    ended_ms  bigint check (ended_ms >= opened_ms),
    primary key (case_id, round)
);
