-- Whom something was done to: who was given a role, or made a member of a team.
alter table noted add column whom text;
create index noted_whom on noted (whom, index);
create index noted_at on noted (at);

-- Of the server's own log, what lies before this place has not been noted yet: all that was there before the table.
alter table server add column noted_from bigint not null default 0;
update server set noted_from = split_part(convert_from(checkpoint, 'UTF8'), chr(10), 2)::bigint where checkpoint is not null;
