/** Routes by which people have tasks run, and by which hosts take them and hand in what came of them. A part of the one table. */
import { z } from "zod";
import { by, done, list, type Route } from "./route.ts";
import { id } from "./schemas.ts";
import * as form from "./tasks.ts";

const ofTask = by("Task", "task");
const ofHost = { action: "takeTask", resource: by("Host", "host") } as const;
const params = z.object({ task: form.taskId });
const hostParams = z.object({ host: id, task: form.taskId });

export const TASK_ROUTES = {
  putPool: {
    method: "put",
    path: "/api/v1/pools/{pool}",
    what: "Makes a pool, or changes it: its hosts, what its tasks may be about, and how many of a team's run at a time.",
    needs: { action: "managePools", resource: "company" },
    params: z.object({ pool: id }),
    body: form.poolSettings,
    answer: form.pool,
  },
  listPools: {
    method: "get",
    path: "/api/v1/pools",
    what: "Pools, and how much waits and runs there.",
    needs: { action: "viewPool", resource: "each" },
    answer: list(form.pool),
  },
  submitTask: {
    method: "post",
    path: "/api/v1/pools/{pool}/tasks",
    what: "Has a task run by the hosts of a pool.",
    needs: { action: "submitTask", resource: by("Pool", "pool") },
    params: z.object({ pool: id }),
    body: form.newTask,
    answer: form.task,
  },
  listTasks: {
    method: "get",
    path: "/api/v1/tasks",
    what: "Tasks, newest first, without all of a long prompt.",
    needs: { action: "viewTask", resource: "each" },
    query: form.tasksPage,
    answer: list(form.task),
  },
  showTask: {
    method: "get",
    path: "/api/v1/tasks/{task}",
    what: "One task.",
    needs: { action: "viewTask", resource: ofTask },
    params,
    answer: form.task,
  },
  taskPatch: {
    method: "get",
    path: "/api/v1/tasks/{task}/patch",
    what: "What a task changed, as git has it (`git diff --binary`).",
    needs: { action: "viewTask", resource: ofTask },
    params,
    answer: "bytes",
  },
  cancelTask: {
    method: "post",
    path: "/api/v1/tasks/{task}/cancel",
    what: "Ends a task: at once where it waits, else as soon as its host has heard of it.",
    needs: { action: "cancelTask", resource: ofTask },
    params,
    answer: form.task,
  },
  reviewTask: {
    method: "post",
    path: "/api/v1/tasks/{task}/review",
    what: "Accepts or rejects what came of a task, once.",
    needs: { action: "reviewTask", resource: ofTask },
    params,
    body: form.review,
    answer: form.task,
  },
  takeTask: {
    method: "post",
    path: "/api/v1/hosts/{host}/tasks",
    what: "Gives a host the next task of a pool that it is of, for a time; waits for one where that is asked for.",
    needs: ofHost,
    params: z.object({ host: id }),
    body: form.takeTask,
    answer: form.taken,
  },
  renewTask: {
    method: "post",
    path: "/api/v1/hosts/{host}/tasks/{task}/lease",
    what: "Says that a host goes on with its task; answered when it should not, or after a while.",
    needs: ofHost,
    params: hostParams,
    body: form.renewTask,
    answer: form.renewed,
  },
  handInTask: {
    method: "post",
    path: "/api/v1/hosts/{host}/tasks/{task}/result",
    what: "What came of a host's task, or that it can't go on with it. Refused from whoever does not have it any more.",
    needs: ofHost,
    params: hostParams,
    body: form.handIn,
    answer: done,
  },
} as const satisfies Record<string, Route>;
