/** One way of breaking the product on purpose, and the test that has to notice it. */
export interface Break {
  /** Of docs/spec: `cursor-3`. */
  rule: string
  /** What the product does wrong with it, in a few words. */
  what: string
  /** The product's file, from the root of the checkout. */
  file: string
  /** Found in it exactly once. */
  from: string
  to: string
  test: NamedTest
}

export interface NamedTest {
  project: 'unit' | 'pg' | 'redis' | 'imap'
  /** The file that vitest runs. A contract's test runs through the file that calls the contract. */
  file: string
  /** Its title as in the source. `%s` and `${…}` stand for anything. */
  name: string
}

/** Finds a title in full names of vitest. Straight and curly apostrophes are one to a reader. */
export function titlePattern(name: string): string {
  return name
    .replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
    .replaceAll(/%(?:\\?[.\d])*[sdijfo]/g, '.*')
    .replaceAll(/\\\$\\\{.*?\\\}/g, '.*')
    .replaceAll(/[’']/g, "[’']")
}
