-- Rows of hosts and of runs change with every batch: with room beside them a change stays in their page, and needs no entry in any index
-- (PostgreSQL's documentation, "Heap-Only Tuples").
alter table host set (fillfactor = 50);
alter table run set (fillfactor = 60);
