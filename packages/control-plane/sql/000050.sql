-- What stands in the server's own log, but for what arrived, by what is looked for: who did what to what. The log is the record; this finds it.
create table noted (
  -- Of the entry in the log.
  index bigint primary key,
  at double precision not null,
  type text not null,
  who text,
  about_type text,
  about_id text,
  -- The opening of the role break-glass during which its person did it.
  break_glass text,
  note text not null
);
create index noted_who on noted (who, index);
create index noted_about on noted (about_type, about_id, index);
create index noted_break_glass on noted (break_glass, index) where break_glass is not null;

-- When somebody opened the role break-glass, for what and until when.
create table break_glass (
  id text primary key,
  person text not null references person,
  scope_type text not null,
  scope_id text not null,
  reason text not null,
  opened_at double precision not null,
  expires_at double precision not null,
  ended_at double precision,
  ended_by text
);
create index break_glass_person on break_glass (person, expires_at) where ended_at is null;
create index break_glass_opened on break_glass (opened_at);

-- What is told elsewhere is a question or an alarm.
alter table delivery alter column question drop not null;
alter table delivery add column break_glass text references break_glass;
alter table delivery add check ((question is null) <> (break_glass is null));
alter table delivery drop constraint delivery_notify_question_person_key;
alter table delivery add unique nulls not distinct (notify, question, break_glass, person);

-- A role of one's own that had the name is another from now on: it must not become this one.
update role_grant set role = 'break-glass-of-our-own' where role = 'break-glass';
update role set name = 'break-glass-of-our-own' where name = 'break-glass';
