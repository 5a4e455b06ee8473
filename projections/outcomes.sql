-- What became of each action: the answer that survives a restart of the API. The first outcome stands for ever.
create table if not exists outcomes (
    case_id       text not null,
    action_id     text not null,
    partition     int not null,
    origin_offset bigint not null,
    record        bytea not null,
    -- An action id is decided once in its case; a repetition points here and writes nothing.
    primary key (case_id, action_id)
);
