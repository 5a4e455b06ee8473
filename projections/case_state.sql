-- Every case as the decider needs it: the fold of its records, with its place in the chain and the ids it has met.
create table if not exists case_state (
    -- One row a case.
    case_id     text primary key,
    partition   int not null,
    open        boolean not null,
    next_due_ms bigint,
    status      text,
    grid        text,
    file        bytea not null
);
create index if not exists case_state_open on case_state (partition) where open;
