-- Under which conditions a role is had (JSON); null: always. And rights to answer that are handed on for a time.
alter table role_grant add column conditions text;

create table delegation (
  id text primary key,
  from_person text not null references person,
  to_person text not null references person,
  scope_type text not null,
  scope_id text not null,
  -- Only questions about this class; null: all.
  class text,
  reason text not null,
  made_at double precision not null,
  expires_at double precision not null,
  ended_at double precision,
  ended_by text
);
create index delegation_to on delegation (to_person, expires_at) where ended_at is null;
create index delegation_from on delegation (from_person, expires_at) where ended_at is null;

-- Of several yeses to one question each is by another person's right: whoever hands theirs on does not say yes twice.
alter table question_vote add column right_of text;
update question_vote set right_of = person;
alter table question_vote alter column right_of set not null;
alter table question_vote add unique (question, right_of);
