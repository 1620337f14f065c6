import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const maxBytes = 16 * 1024 * 1024
const keptLines = 60

/**
 * The output of one child: to a file (16 MiB, then one older file is kept as `.1`) and the last 60 lines in memory,
 * for the message that explains its death.
 */
export interface LogFile {
  readonly path: string
  write(chunk: string): void
  lastLines(count: number): string[]
  close(): void
}

export function openLogFile(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true })
  let file = rotate(path)
  let bytes = 0
  let lines: string[] = []
  let rest = ''
  return {
    path,
    write(chunk) {
      if (file < 0) return
      bytes += writeSync(file, chunk)
      if (bytes > maxBytes) {
        closeSync(file)
        file = rotate(path)
        bytes = 0
      }
      const parts = (rest + chunk).split('\n')
      rest = (parts.pop() ?? '').slice(-4096)
      lines = [...lines, ...parts].slice(-keptLines)
    },
    lastLines: count => [...lines, rest].filter(line => line.trim() !== '').slice(-count),
    close() {
      if (file >= 0) closeSync(file)
      file = -1
    },
  }
}

function rotate(path: string): number {
  try {
    renameSync(path, `${path}.1`)
  } catch {
    // The first start has nothing to keep.
  }
  return openSync(path, 'a', 0o600)
}
