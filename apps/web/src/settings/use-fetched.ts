'use client'

import { useEffect, useState } from 'react'
import type * as z from 'zod'
import { getJson } from './api.ts'

const EVERY_MS = 15_000

export type Fetched<T> = { value: T | null; error: string | null }

/** A server answer, asked for again every 15 s while the page is looked at, and when `key` changes. */
export function useFetched<T>(path: string, schema: z.ZodType<T>, key: unknown): Fetched<T> {
  const [state, setState] = useState<Fetched<T>>({ value: null, error: null })
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new key asks again.
  useEffect(() => {
    const aborter = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async () => {
      if (document.visibilityState === 'visible') {
        try {
          const value = await getJson(path, schema, aborter.signal)
          if (!aborter.signal.aborted) setState({ value, error: null })
        } catch (error) {
          if (aborter.signal.aborted) return
          const text = error instanceof Error ? error.message : 'This could not be loaded.'
          setState(before => ({ ...before, error: text }))
        }
      }
      if (!aborter.signal.aborted) timer = setTimeout(() => void ask(), EVERY_MS)
    }
    void ask()
    return () => {
      aborter.abort()
      clearTimeout(timer)
    }
  }, [path, schema, key])
  return state
}
