-- What may be used once: the nonces of signed logins, until they are too old to be used anyway.
CREATE TABLE spent (
    name TEXT PRIMARY KEY,
    expires INTEGER NOT NULL
);

-- Logins at the OpenID provider that are under way: what its answer must fit.
CREATE TABLE flows (
    state TEXT PRIMARY KEY,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    back TEXT NOT NULL,
    challenge TEXT NOT NULL,
    expires INTEGER NOT NULL
);

-- Logins that are done and wait for the program on the person's own machine to fetch them.
CREATE TABLE codes (
    digest TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    proof TEXT NOT NULL,
    challenge TEXT NOT NULL,
    expires INTEGER NOT NULL
);
