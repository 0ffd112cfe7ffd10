/** Whether workers act on the rows that tell them to start or stop something; elsewhere nobody would. */
export const jobCommands = ['rows', 'none'] as const

export type JobCommands = (typeof jobCommands)[number]
