type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** What the environment says; what it does not say keeps an adapter's own default. */
export function withoutUndefined<T extends object>(value: T): Given<T> {
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries) as Given<T>
}
