/* What Dash has for scripts: callbacks that run in the browser, and setting a component's properties. */

/** Clientside callbacks by namespace; a module adds its own when it is loaded. */
export const clientside = (window.dash_clientside = window.dash_clientside || /** @type {DashClientside} */ ({}));

/** Set properties of the component `id`, as a callback would.
 * @param {DashId} id @param {Record<string, unknown>} values */
export const setProps = (id, values) => clientside.set_props(id, values);
