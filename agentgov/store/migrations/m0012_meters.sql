-- The rows that writers locked before writers took turns: what a meter holds is in its slices.
DROP TABLE meters;
