/* The page of pairs. */
import "./pairs.js";
