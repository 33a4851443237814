-- What whoever started a run says of it: `KEY=VALUE`. Of a question, too: it may come before its run's first events do.
alter table run add column labels text[] not null default '{}';
create index run_labels on run using gin (labels);
alter table question add column labels text[] not null default '{}';
