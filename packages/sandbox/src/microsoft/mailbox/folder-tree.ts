import type { Collection, Op } from '../../store/store.ts'
import { folderId, looksLikeId } from './ids.ts'
import type { OutlookAccount, StoredFolder } from './types.ts'

/** The folders of one mailbox as a tree under `msgfolderroot`. */
export class FolderTree {
  #stored: Collection<StoredFolder>

  constructor(stored: Collection<StoredFolder>) {
    this.#stored = stored
  }

  get(key: string): StoredFolder | undefined {
    return this.#stored.get(key)
  }

  number(key: string): number {
    return this.get(key)?.number ?? 0
  }

  /** By wire id, or by well-known name in any case. */
  find(owner: OutlookAccount, idOrName: string): StoredFolder | undefined {
    if (!looksLikeId(idOrName)) return idOrName.includes('_') ? undefined : this.get(idOrName.toLowerCase())
    return [...this.#stored.values()].find(folder => folderId(owner, folder.number) === idOrName)
  }

  /** In the order of their names, as Graph lists them. */
  children(parent: string): StoredFolder[] {
    return [...this.#stored.values()]
      .filter(folder => folder.parent === parent)
      .sort((a, b) => a.name.localeCompare(b.name, 'en'))
  }

  /** All below the root, parents before children. */
  all(parent = 'msgfolderroot'): StoredFolder[] {
    return this.children(parent).flatMap(folder => [folder, ...this.all(folder.key)])
  }

  isWithin(key: string, ancestor: string): boolean {
    for (let at: string | null | undefined = key; at; at = this.get(at)?.parent) {
      if (at === ancestor) return true
    }
    return false
  }

  put(folder: StoredFolder): Op {
    return this.#stored.put(folder.key, folder)
  }

  del(folder: StoredFolder): Op {
    return this.#stored.del(folder.key)
  }
}
