import { execFileSync } from 'node:child_process'

/** Resident memory of a process and all its descendants, bytes. */
export function residentBytes(pid: number): number {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,rss='], { encoding: 'utf8' }).trim().split('\n')
  const rows = lines.map(line => line.trim().split(/\s+/).map(Number))
  const family = new Set([pid])
  for (let grown = true; grown; ) {
    grown = false
    for (const [child = 0, parent = 0] of rows)
      if (family.has(parent) && !family.has(child)) {
        family.add(child)
        grown = true
      }
  }
  return rows.reduce((sum, [id = 0, , kilobytes = 0]) => sum + (family.has(id) ? kilobytes * 1024 : 0), 0)
}
