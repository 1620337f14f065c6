import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'
import { postgresPrograms } from '../../../scripts/start/postgres-programs.ts'

export type Machine = { date: string; text: string }

export async function describeMachine(): Promise<Machine> {
  const cores = cpus()
  const { postgres } = await postgresPrograms()
  const version = execFileSync(postgres, ['--version'], { encoding: 'utf8' })
  const parts = [
    `${cores[0]?.model.trim() ?? 'unknown CPU'}, ${cores.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${type()} ${release().split('-')[0]}`,
    `Node ${process.version}`,
    `PostgreSQL ${/\d+(\.\d+)*/.exec(version)?.[0] ?? 'of unknown version'}`,
    'everything, load included, on this one machine',
  ]
  return { date: new Date().toISOString().slice(0, 10), text: parts.join('; ') }
}
