import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Where the bytes of a delivered message lie: file number, offset, length. */
export type BlobRef = readonly [file: number, offset: number, length: number]

/**
 * Append-only bytes beside the journal. Each opening writes to a file of its own number, so two
 * processes can never interleave. Space of deleted messages is not reclaimed before a reset.
 */
export class Blobs {
  #dir: string | null
  #number: number
  #memory: Buffer[] = []
  #fds = new Map<number, number>()
  #end = 0

  constructor(place: { dir: string; number: number } | null) {
    this.#dir = place?.dir ?? null
    this.#number = place?.number ?? 0
  }

  write(bytes: Buffer): BlobRef {
    if (this.#dir === null) {
      this.#memory.push(Buffer.from(bytes))
      return [0, this.#memory.length - 1, bytes.length]
    }
    const fd = this.#fd(this.#number, 'w+')
    const at = this.#end
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(fd, bytes, done, bytes.length - done, at + done)
    }
    this.#end += bytes.length
    return [this.#number, at, bytes.length]
  }

  read([file, offset, length]: BlobRef): Buffer {
    if (this.#dir === null) return this.#memory[offset] ?? Buffer.alloc(0)
    const bytes = Buffer.alloc(length)
    const fd = this.#fd(file, 'r')
    for (let done = 0; done < length; ) {
      const n = readSync(fd, bytes, done, length - done, offset + done)
      if (n === 0) throw new Error(`blobs-${file}.bin ends before offset ${offset + length}`)
      done += n
    }
    return bytes
  }

  close(): void {
    for (const fd of this.#fds.values()) closeSync(fd)
    this.#fds.clear()
    this.#memory = []
  }

  #fd(number: number, flags: 'r' | 'w+'): number {
    let fd = this.#fds.get(number)
    if (fd === undefined) {
      fd = openSync(join(this.#dir ?? '', `blobs-${number}.bin`), flags)
      this.#fds.set(number, fd)
    }
    return fd
  }
}
