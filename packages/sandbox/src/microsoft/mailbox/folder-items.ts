import { byDate, Order, type Place } from '../../mailbox/order.ts'
import { hash32 } from '../../random.ts'
import type { StoredItem } from './types.ts'

export const shuffled = ({ id }: Pick<StoredItem, 'id'>): Place => ({ rank: hash32(id), id })

/** What lies in one folder: its ids in two orders, and its totals. */
export class FolderItems {
  readonly newestFirst = new Order()
  /** Where no order is promised, this one is given: none that could be relied upon. */
  readonly shuffled = new Order()
  total = 0
  unread = 0
  /** Bytes. */
  size = 0

  enter(item: StoredItem): void {
    this.newestFirst.add(byDate(item))
    this.shuffled.add(shuffled(item))
    this.#count(item, 1)
  }

  leave(item: StoredItem): void {
    this.newestFirst.remove(byDate(item))
    this.shuffled.remove(shuffled(item))
    this.#count(item, -1)
  }

  #count(item: StoredItem, by: 1 | -1): void {
    this.total += by
    if (!item.read) this.unread += by
    this.size += by * item.size
  }
}
