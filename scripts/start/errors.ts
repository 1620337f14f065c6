import type { LogFile } from './log-file.ts'

/** A failure that a person can act on: shown as its sentence and the last lines of the log, without a stack. */
export class StartError extends Error {
  readonly logPath: string | undefined
  readonly lines: readonly string[]

  constructor(message: string, log?: LogFile) {
    super(message)
    this.name = 'StartError'
    this.logPath = log?.path
    this.lines = log?.lastLines(30) ?? []
  }
}

export function explain(error: unknown): string {
  if (!(error instanceof StartError))
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  const lines = error.lines.map(line => `  │ ${line}`)
  const where = error.logPath ? [`The whole output is in ${error.logPath}`] : []
  return [...lines, error.message, ...where].join('\n')
}
