const stamp = `to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')`

/** The assignment that notes a step in a reservation's history. @param status an expression. */
export const noted = (status: string): string =>
  `status_history = CASE WHEN jsonb_typeof(status_history) = 'array' THEN status_history ELSE '[]' END
    || jsonb_build_array(jsonb_build_object('status', ${status}, 'timestamp', ${stamp}))`
