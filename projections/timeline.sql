-- A case's story, one row an effective record: who tried what, when, and what followed.
create table if not exists timeline (
    case_id      text not null,
    seq          int not null,
    partition    int not null,
    event_offset bigint not null,
    record       bytea not null,
    -- The chain has one link a number.
    primary key (case_id, seq)
);
