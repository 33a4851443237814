-- Of a host that counts no longer: why its runs are ended, whenever it asks; null: it is told nothing.
alter table host add column runs_ended text;
