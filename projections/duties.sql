-- What has to be done next on each case, one row a duty; the rows of a case are replaced when it changes.
create table if not exists duties (
    case_id    text not null,
    -- The duty's place among those of its case.
    ordinal    int not null,
    partition  int not null,
    number     text not null,
    case_class text,
    grid       text not null,
    status     text not null,
    -- The level of the case's desk, whoever owes the act.
    desk       int not null,
    act        text not null,
    -- Whoever owes it has one of these roles (none: any), and is at this level, of this unit, this person.
    roles      text[] not null,
    level      int,
    unit       text,
    person     text,
    not_by     text[] not null,
    about      int,
    near_ms    bigint,
    due_ms     bigint,
    primary key (case_id, ordinal)
);
create index if not exists duties_desk on duties (desk, act, due_ms);
