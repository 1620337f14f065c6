import { dirname } from 'node:path'

/** The folder of the checkout: every path of the commands starts here, whatever the current directory is. */
export const root = dirname(dirname(import.meta.dirname))
