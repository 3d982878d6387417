/**
 * What the server says and is told, as types. Nothing runs here.
 *
 * @typedef {'confirmed' | 'running_late' | 'partially_arrived' | 'arrived' | 'waiting' | 'seated' | 'finished' | 'cancelled'
 *   | 'no_show'} GuestStatus
 * @typedef {'available' | 'reserved' | 'occupied' | 'dirty' | 'out_of_service'} TableStatus
 * @typedef {'round' | 'square' | 'rectangle' | 'oval'} Shape
 *
 * @typedef {object} Guest A party, from its booking or the door to its leaving. Times are RFC 3339, UTC.
 * @property {string} id
 * @property {string} guestName
 * @property {number} partySize
 * @property {GuestStatus} status
 * @property {string | null} table_id Null unless seated.
 * @property {string | null} phone
 * @property {string | null} email
 * @property {string | null} notes
 * @property {string[]} tags
 * @property {'walk_in' | 'phone' | 'online' | null} source
 * @property {string | null} reservationTime
 * @property {string | null} checkInTime
 * @property {string | null} notifiedTime
 * @property {string | null} seatedTime
 * @property {string | null} finishedTime
 * @property {number | null} quotedWaitMinutes
 * @property {number} version
 * @property {string} createdAt
 * @property {string} updatedAt
 *
 * @typedef {object} Table
 * @property {string} id
 * @property {string} tableNumber
 * @property {number} capacity
 * @property {TableStatus} status
 * @property {string | null} guest_id Null unless occupied.
 * @property {string | null} section
 * @property {Shape | null} shape
 * @property {{ x: number, y: number } | null} position Of its centre, both from 0 to 1 of the plan.
 * @property {number | null} rotation In degrees.
 * @property {string | null} notes
 * @property {string} statusSince
 * @property {number} version
 * @property {string} createdAt
 * @property {string} updatedAt
 *
 * @typedef {object} Restaurant
 * @property {string} id
 * @property {string} name
 * @property {string} timezone
 * @property {{ dirtyAfterFinish: boolean }} settings
 * @property {number} version
 *
 * @typedef {object} Floor What a device draws. A value: whoever changes it makes another, and rows that did not change
 *   are the very same objects in both.
 * @property {Restaurant | null} restaurant Null before the first snapshot.
 * @property {ReadonlyMap<string, Guest>} guests Those whose evening is not over.
 * @property {ReadonlyMap<string, Table>} tables
 * @property {ReadonlyMap<string, Guest>} gone Those whose evening is over, as far as they are known here.
 * @property {number} seq The number of the last message that is in it.
 * @property {string} epoch The life of the log in which that number counts.
 *
 * @typedef {object} Change One row that became something else. `data` is the whole row, or its id alone once deleted.
 * @property {string} type
 * @property {string} [guest_id]
 * @property {string} [table_id]
 * @property {any} [data]
 *
 * @typedef {Change & { seq: number, timestamp: string, changes?: Change[] }} Message A change as the log has it.
 *
 * @typedef {object} Snapshot One part of a floor.
 * @property {number} seq
 * @property {string} epoch
 * @property {number} part
 * @property {number} parts
 * @property {{ restaurant: Restaurant, guests: Guest[], tables: Table[] }} data
 *
 * @typedef {object} Operation Something to be done to one row, in the words of `POST /transactions/atomic`.
 * @property {'create_guest' | 'update_guest' | 'delete_guest' | 'create_table' | 'update_table' | 'delete_table'} op
 * @property {string} id
 * @property {Record<string, any>} [data]
 *
 * @typedef {object} Problem A refusal: RFC 9457 with the server's own `code`.
 * @property {string} code
 * @property {string} detail
 * @property {number} [status]
 * @property {any} [current] The row that stood in the way.
 * @property {{ field: string, message: string }[]} [errors]
 */

export {};
