import { sql } from "kysely";

/**
 * To select in the first statement of a transaction whose others have values of megabytes: until it is over they are planned without their
 * values (PostgreSQL, `plan_cache_mode`). With them the planner copies each value several times over, which takes longer than writing it.
 */
export const forLargeValues = sql<string>`set_config('plan_cache_mode', 'force_generic_plan', true)`.as("plans");
