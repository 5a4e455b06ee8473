-- Requests, returns and voids, one row each, as they were asked for and what became of them; no text is kept here.
create table if not exists registers (
    case_id    text not null,
    -- The case's version after the event that opened the row.
    version    int not null,
    partition  int not null,
    register   text not null,
    number     text not null,
    case_class text,
    status     text not null,
    -- None for a step of an imported case that its source did not state.
    at_ms      bigint,
    person     text not null,
    unit       text,
    reason     text not null,
    amount     text,
    until_ms   bigint,
    outcome    text not null check (outcome in ('open', 'granted', 'refused', 'dropped', 'done')),
    decided_ms bigint,
    decided_by text,
    cause      text,
    reviewer   text,
    supported  boolean,
    primary key (case_id, version)
);
create index if not exists registers_at on registers (register, at_ms);
