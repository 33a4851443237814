-- What is told elsewhere beside questions and alarms, until it was told. It says what happened by ids, places in the record and what people gave as reasons;
-- what an agent wrote is read from the record when it is told, so that what was erased is not told.
create table notice (
  id bigint generated always as identity primary key,
  -- The receiver: `name` of a `[[notify]]`, with one address where it has several.
  notify text not null,
  -- Whom it is for; null: nobody in particular.
  person text references person,
  -- JSON.
  about text not null,
  -- What is told together: what comes before it is sealed is counted in it. Null: it stands for itself.
  topic text,
  count bigint not null default 1,
  -- Of what is counted, the most severe: `about` is about that.
  rank int not null default 0,
  sealed_at double precision,
  made_at double precision not null,
  due_at double precision not null,
  held_until double precision,
  failures int not null default 0
);
create index notice_due on notice (due_at);
create unique index notice_open on notice (notify, topic) where topic is not null and sealed_at is null;

-- When a topic was told last: it is told again a minute later at the earliest.
create table notice_pace (notify text not null, topic text not null, told_at double precision not null, primary key (notify, topic));
