-- Full tiles of hosts' records above the lowest level (C2SP tlog-tiles), made when something is proven: the entries are the truth.
create table host_tile (
  host int not null references host (number),
  level int not null,
  index bigint not null,
  hashes bytea not null,
  primary key (host, level, index)
);

-- What was done, where it was the use of a right: what a report is narrowed by.
alter table noted add column action text;
update noted set action = note::json ->> 'action';
create index noted_action on noted (action, index) where action is not null;
create index noted_type on noted (type, index);
