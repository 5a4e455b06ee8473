-- What each formula counts on each local day, by grid; a partition adds up only what it folded itself.
create table if not exists daily (
    -- Compared byte by byte, so that the key finds a scope, which is a beginning.
    grid        text collate "C" not null,
    day         text collate "C" not null,
    formula     text not null,
    partition   int not null,
    numerator   int not null,
    denominator int not null,
    -- One sum a grid, day, formula and partition; one that comes to nothing has no row.
    primary key (grid, day, formula, partition)
);
