import { randomUUID } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Op } from './store.ts'

const REWRITE_AFTER_BYTES = 32 * 1024 * 1024

/**
 * An append-only file of JSON lines, each a list of ops. A rewrite puts the current state into the
 * next generation's file and renames it into place; the highest generation is the valid one.
 *
 * The folder belongs to whoever opened it last: the `owner` file is a fencing token, checked before
 * each write, so a forgotten older process fails loudly instead of mixing its lines into ours.
 */
export class Journal {
  readonly dir: string
  generation = 0
  #owner = randomUUID()
  #fd = -1
  #written = 0
  #base = 0

  constructor(dir: string) {
    this.dir = dir
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'owner'), this.#owner)
    this.generation = Math.max(0, ...this.#generations())
  }

  replay(apply: (ops: Op[]) => void): void {
    if (this.generation === 0) return
    const path = this.#path(this.generation)
    const bytes = readFileSync(path)
    let start = 0
    for (let line = 1; start < bytes.length; line++) {
      const end = bytes.indexOf(10, start)
      if (end === -1) return // cut short by a kill: it was never acknowledged
      try {
        apply(JSON.parse(bytes.toString('utf8', start, end)) as Op[])
      } catch (cause) {
        throw new Error(`${path} is damaged at line ${line}; delete the folder to start afresh`, { cause })
      }
      start = end + 1
    }
  }

  append(ops: readonly Op[]): void {
    this.#checkOwner()
    const line = Buffer.from(`${JSON.stringify(ops)}\n`)
    writeAll(this.#fd, line)
    this.#written += line.length
  }

  due(): boolean {
    return this.#written > Math.max(REWRITE_AFTER_BYTES, this.#base * 2)
  }

  rewrite(dump: () => Iterable<Op[]>): void {
    this.#checkOwner()
    const next = this.generation + 1
    const path = this.#path(next)
    const fd = openSync(`${path}.tmp`, 'w')
    let bytes = 0
    for (const ops of dump()) {
      const line = Buffer.from(`${JSON.stringify(ops)}\n`)
      writeAll(fd, line)
      bytes += line.length
    }
    renameSync(`${path}.tmp`, path)
    if (this.#fd !== -1) closeSync(this.#fd)
    this.#fd = fd
    this.#base = bytes
    this.#written = 0
    this.generation = next
    for (const old of this.#generations()) if (old < next) rmSync(this.#path(old), { force: true })
  }

  close(): void {
    if (this.#fd !== -1) closeSync(this.#fd)
    this.#fd = -1
  }

  #checkOwner(): void {
    const owner = readFileSync(join(this.dir, 'owner'), 'utf8')
    if (owner !== this.#owner) {
      throw new Error(
        `another sandbox has taken over the data folder ${this.dir}; this one can no longer write`,
      )
    }
  }

  #path(generation: number): string {
    return join(this.dir, `journal-${generation}.jsonl`)
  }

  #generations(): number[] {
    return readdirSync(this.dir).flatMap(name => {
      const match = /^journal-(\d+)\.jsonl$/.exec(name)
      return match ? [Number(match[1])] : []
    })
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}
