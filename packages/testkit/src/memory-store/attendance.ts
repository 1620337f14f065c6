import type { AttendanceStore, Attended } from '@inlet/sync/attendance-store'
import { byText, type MemoryState } from './state.ts'

export function attend(
  state: MemoryState,
  { workerId, providers, now, leaseMs }: Parameters<AttendanceStore['attend']>[0],
): Attended[] {
  const { workers, attendance, accounts } = state
  const until = now + leaseMs
  workers.set(workerId, until)
  for (const [id, seenUntil] of workers) if (seenUntil <= now) workers.delete(id)
  const rowOf = (id: string) => {
    const account = accounts.get(id)
    return account && state.users.get(account.userId)?.accounts.get(id)?.row
  }
  const wanted = [...accounts.values()]
    .filter(({ id, enabled, reconnect }) => {
      const row = rowOf(id)
      return enabled && reconnect === null && row !== undefined && providers.includes(row.provider)
    })
    .map(({ id }) => id)
    .sort(byText)
  for (const [id, { leaseUntil }] of attendance)
    if (leaseUntil <= now || !wanted.includes(id)) attendance.delete(id)
  const share = Math.ceil(wanted.length / workers.size)
  const own = () =>
    [...attendance]
      .filter(([, held]) => held.workerId === workerId)
      .sort(([a, { since: first }], [b, { since: second }]) => first - second || byText(a, b))
  for (const [id] of own().slice(share)) attendance.delete(id)
  for (const [id, held] of own()) attendance.set(id, { ...held, leaseUntil: until })
  const free = wanted.filter(id => !attendance.has(id)).slice(0, Math.max(0, share - own().length))
  for (const id of free) attendance.set(id, { workerId, since: now, leaseUntil: until })
  return own()
    .flatMap(([accountId, { since }]) => {
      const account = accounts.get(accountId)
      const row = rowOf(accountId)
      return account && row
        ? [{ accountId, userId: account.userId, email: row.email, provider: row.provider, since }]
        : []
    })
    .sort((a, b) => byText(a.accountId, b.accountId))
}

export function leave(state: MemoryState, workerId: string): void {
  for (const [id, held] of state.attendance) if (held.workerId === workerId) state.attendance.delete(id)
  state.workers.delete(workerId)
}

export function attendedOf(
  state: MemoryState,
  userId: string,
  now: number,
): { accountId: string; since: number }[] {
  return [...state.attendance]
    .filter(([id, { leaseUntil }]) => leaseUntil > now && state.accounts.get(id)?.userId === userId)
    .map(([accountId, { since }]) => ({ accountId, since }))
    .sort((a, b) => byText(a.accountId, b.accountId))
}
