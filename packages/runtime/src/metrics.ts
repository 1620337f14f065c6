/** Counts of this process since it started. Plain numbers; the operators' page and /api/metrics read them. */
export class Metrics {
  readonly #pushes = new Map<string, number>()
  /** Latencies reported by mirrors, newest last; bounded. */
  readonly #latencies: number[] = []
  #acks = 0

  push(outcome: string): void {
    this.#pushes.set(outcome, (this.#pushes.get(outcome) ?? 0) + 1)
  }

  ack(latencyMs: number | undefined): void {
    this.#acks += 1
    if (latencyMs === undefined) return
    this.#latencies.push(latencyMs)
    if (this.#latencies.length > 1_000) this.#latencies.shift()
  }

  snapshot(): {
    pushes: Record<string, number>
    acks: number
    latencyMs: { count: number; p50: number | null; p95: number | null; max: number | null }
  } {
    const sorted = [...this.#latencies].sort((a, b) => a - b)
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
    return {
      pushes: Object.fromEntries(this.#pushes),
      acks: this.#acks,
      latencyMs: { count: sorted.length, p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? null },
    }
  }
}
