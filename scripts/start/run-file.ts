import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessIdentity } from './processes.ts'

/** What runs from a data folder: how the next start finds leftovers, and how `npm run deliver` finds the sandbox. */
export interface RunFile {
  supervisor: ProcessIdentity
  /** In the order in which they are stopped. */
  children: ({ name: string } & ProcessIdentity)[]
  baseUrl?: string
  link?: string
  sandboxUrl?: string
  databaseUrl?: string
}

/** Ports that a data folder keeps across starts: issued tokens and open pages name them. */
export interface KeptPorts {
  postgres?: number
  sandbox?: number
  imap?: number
  smtp?: number
}

export const readRunFile = (dataDir: string) => readJson<RunFile>(join(dataDir, 'run.json'))
export const writeRunFile = (dataDir: string, run: RunFile) => writeJson(join(dataDir, 'run.json'), run)
export const removeRunFile = (dataDir: string) => rmSync(join(dataDir, 'run.json'), { force: true })

export const readPorts = (dataDir: string) => readJson<KeptPorts>(join(dataDir, 'ports.json')) ?? {}
export const writePorts = (dataDir: string, ports: KeptPorts) => writeJson(join(dataDir, 'ports.json'), ports)

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    // Missing, or cut off by a crash: the same as nothing, since each start writes it anew.
    return undefined
  }
}

function writeJson(file: string, value: unknown): void {
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
