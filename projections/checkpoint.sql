-- How far a projection has folded a partition. It is written in the transaction of the rows it speaks of, so the two
-- can never disagree.
create table if not exists checkpoint (
    projection  text not null,
    partition   int not null,
    next_offset bigint not null check (next_offset >= 0),
    last_origin bigint not null check (last_origin >= -1),
    log         text not null,
    series_day  text not null,
    series_last int not null,
    -- One place a projection and partition: a second one would be a second truth.
    primary key (projection, partition)
);
