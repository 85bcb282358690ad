//! What each verb asks of a service: method, path, query, body and headers, as a stand-in for it gets them.
