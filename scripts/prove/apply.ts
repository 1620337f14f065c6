import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Break } from './break.ts'

/** The file's text, once it is certain that it holds exactly once what is to be replaced. */
export function findOnce(folder: string, { file, from }: Break): string {
  const path = join(folder, file)
  if (!existsSync(path)) throw new Error(`The code has moved on: ${file} is not there any more`)
  const whole = readFileSync(path, 'utf8')
  const times = whole.split(from).length - 1
  if (times !== 1)
    throw new Error(
      `The code has moved on: ${file} holds this ${times} times instead of once: ${from.trim()}`,
    )
  return whole
}

/** Breaks the copy in `folder`. Answers what mends it again. */
export function apply(folder: string, one: Break): () => void {
  const whole = findOnce(folder, one)
  const path = join(folder, one.file)
  // A function, because `$` in a replacement text means something.
  writeFileSync(
    path,
    whole.replace(one.from, () => one.to),
  )
  return () => writeFileSync(path, whole)
}
