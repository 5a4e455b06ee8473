-- What lies on each grid and each unit now; a partition adds up only what it folded itself.
create table if not exists workload (
    -- Compared byte by byte, so that the key finds a scope, which is a beginning.
    grid      text collate "C" not null,
    -- Empty for cases that no unit leads.
    unit      text not null,
    partition int not null,
    -- Open cases that the unit leads; of them those that are near, and those that are overdue.
    led       int not null,
    near      int not null,
    overdue   int not null,
    -- Parts of cases that another unit leads, not done yet.
    beside    int not null,
    -- One sum a grid, unit and partition; one that comes to nothing has no row.
    primary key (grid, unit, partition)
);
