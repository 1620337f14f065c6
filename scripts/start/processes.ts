import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A process, told apart from a later one with the same number by the moment it started.
 * The command line is no proof: servers rename themselves (Next does).
 */
export interface ProcessIdentity {
  pid: number
  startedAt: string
}

/** Undefined when no such process runs. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? linuxStart(pid) : psField(pid, 'lstart')
  return startedAt ? { pid, startedAt } : undefined
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt
}

export function commandLine(pid: number): string {
  if (process.platform !== 'linux') return psField(pid, 'command')
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
}

/**
 * Sends each signal in turn to a process that is provably still the same one, until it has gone.
 * Returns false if it outlived them all.
 */
export async function endProcess(
  identity: ProcessIdentity,
  signals: readonly { signal: NodeJS.Signals; waitMs: number }[],
): Promise<boolean> {
  for (const { signal, waitMs } of signals) {
    if (!isRunning(identity)) return true
    try {
      process.kill(identity.pid, signal)
    } catch {
      // It went between the look and the signal, or it belongs to somebody else: the next look tells which.
    }
    if (await waitUntilGone(identity, waitMs)) return true
  }
  return !isRunning(identity)
}

export async function waitUntilGone(identity: ProcessIdentity, waitMs: number): Promise<boolean> {
  const deadline = Date.now() + waitMs
  while (isRunning(identity)) {
    if (Date.now() > deadline) return false
    await sleep(50)
  }
  return true
}

function linuxStart(pid: number): string {
  const stat = read(`/proc/${pid}/stat`)
  // proc(5): the name is in brackets and may itself hold brackets; the state is field 3, the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startTicks] = [fields[0], fields[19]]
  if (!startTicks || state === 'Z' || state === 'X') return ''
  return `${read('/proc/sys/kernel/random/boot_id').trim()}:${startTicks}`
}

function psField(pid: number, field: string): string {
  return spawnSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? ''
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
